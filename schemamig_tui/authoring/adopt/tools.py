"""The tools whose migrations can be taken over: how their files are named, and where they are."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemamig_tui.authoring.adopt.names import Version
from schemamig_tui.errors import SettingsError
from schemamig_tui.spelling import nearest
from schemamig_tui.text import visible


@dataclass(frozen=True)
class Tool:
    """Another tool.

    ``folder`` is where it has its files unless it is configured; None: it has no such place.
    ``files`` matches the names of its ways up, with the groups ``version`` and ``title``;
    ``passed_over`` those that stay where they are without a word, such as ways back, and
    ``repeated`` those that it runs again and again. ``code`` matches migrations in another
    language than SQL. ``key`` makes what its ledger holds of a file from the name.
    """

    name: str
    folder: str | None
    files: re.Pattern[str]
    passed_over: re.Pattern[str] | None = None
    repeated: re.Pattern[str] | None = None
    code: re.Pattern[str] | None = None
    key: Callable[[re.Match[str]], str] = lambda found: str(int(found["version"]))
    version: Callable[[str], Version] = lambda text: (int(text),)
    sub_folders: bool = False


def flyway_version(text: str) -> Version:
    """The parts of a version, without zeros at its end: for Flyway 1 and 1.0 are the same."""
    parts = [int(part) for part in re.split(r"[._]", text)]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return tuple(parts)


def flyway_key(text: str) -> str:
    """A version in one spelling."""
    return ".".join(map(str, flyway_version(text)))


def _moment(text: str) -> Version:
    """A time stamp of node-pg-migrate, in milliseconds since 1970 or as a date, as a date."""
    if len(text) != len("1700000000000"):
        return (int(text),)
    seconds, milliseconds = divmod(int(text), 1000)
    return (int(f"{datetime.fromtimestamp(seconds, UTC):%Y%m%d%H%M%S}{milliseconds:03}"),)


_DOWN = re.compile(r".+\.down\.sql")
_TOOLS = (
    Tool(
        "goose",
        ".",
        re.compile(r"(?P<version>\d+)_(?P<title>.*)\.sql"),
        code=re.compile(r"\d+_(?!.*_test\.go).*\.go"),
    ),
    Tool("dbmate", "db/migrations", re.compile(r"(?P<version>\d+)(?P<title>.*)\.sql")),
    Tool(
        "golang-migrate",
        None,
        re.compile(r"(?P<version>\d+)_(?P<title>.*)\.up\.sql"),
        passed_over=_DOWN,
    ),
    Tool(
        "sqlx",
        "migrations",
        re.compile(r"(?P<version>\d+)_(?P<title>.*?)(?:\.up)?\.sql"),
        passed_over=_DOWN,
    ),
    Tool(
        "Flyway",
        "sql",
        re.compile(r"V(?P<version>\d+(?:[._]\d+)*)__(?P<title>.*)\.sql"),
        passed_over=re.compile(r"U\d[\d._]*__.*\.sql"),
        repeated=re.compile(r"(?:R|B\d[\d._]*)__.*\.sql"),
        code=re.compile(r"[VR].*__.*\.(?:java|kt)"),
        key=lambda found: flyway_key(found["version"]),
        version=flyway_version,
        sub_folders=True,
    ),
    Tool(
        "node-pg-migrate",
        "migrations",
        re.compile(r"(?P<version>\d+)[-_](?P<title>.*)\.sql"),
        code=re.compile(r"\d+[-_].*\.(?:[cm]?[jt]s)"),
        key=lambda found: found[0].removesuffix(".sql"),
        version=_moment,
    ),
)
TOOLS = {tool.name.casefold(): tool for tool in _TOOLS}
"""The tools by their names in lower case."""


def tool_named(name: str) -> Tool:
    """The tool of this name, in any case. Raises SettingsError."""
    tool = TOOLS.get(name.casefold())
    if tool is None:
        meant = nearest(name.casefold(), list(TOOLS))
        known = ", ".join(one.name for one in _TOOLS)
        raise SettingsError(
            f"migrations of {visible(name)} cannot be taken over; those of {known} can",
            hint=f"did you mean {TOOLS[meant].name}?" if meant else None,
        )
    return tool
