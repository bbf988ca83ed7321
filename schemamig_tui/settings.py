"""Reads the settings: flags > environment > pyproject.toml > defaults.

Every setting has one name in three spellings: the flag ``--lock-timeout``, the variable
``SCHEMAMIG_LOCK_TIMEOUT``, and the key ``lock-timeout`` of ``[tool.schemamig-tui]`` in the nearest
pyproject.toml, looked for from the current folder up to the root of the repository. An empty
variable counts as not set. Paths in pyproject.toml are relative to that file, all others to the
current folder.

Where the database is stands in four settings: ``dsn``, ``embedded``, ``connection`` and
``container``. A source that gives any of them overrules a ``dsn`` or ``embedded`` of a weaker
source: ``--container spec_pg`` is not overruled by a forgotten ``SCHEMAMIG_DSN``.
"""

import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from schemamig_tui.errors import SettingsError
from schemamig_tui.limits import Limits
from schemamig_tui.spelling import did_you_mean, nearest
from schemamig_tui.text import visible

Connection = Literal["auto", "docker", "environment"]
DateStyle = Literal["YYYYMMDD", "YYYY-MM-DD", "NNNN"]

_REHEARSAL_STATEMENT_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the program, resolved. Times are seconds."""

    directory: Path = Path("migrations")
    """The folder with the migrations."""

    table: str = "kb.schema_migrations"
    """The ledger, as ``schema.table``."""

    connection: Connection = "auto"
    """Where to look for the database when neither ``dsn`` nor ``embedded`` says it."""

    container: str = "spec_pg"
    """The Docker container that ``auto`` and ``docker`` look for."""

    start_container: bool = False
    """Whether to start that container if it is stopped, or to go on with it if it is paused."""

    dsn: str | None = field(default=None, repr=False)
    """A libpq connection string or URI. Not in the repr: it may hold a password."""

    embedded: Path | None = None
    """The folder of the private PostgreSQL to use."""

    wait: float = 0.0
    """How long to wait for a server that does not answer yet."""

    lock_timeout: float | None = None
    """How long a statement waits for a lock; None is as long as it takes, in a rehearsal 2 s."""

    lock_retries: int = 0
    """How often a migration is tried again that could not get a lock in time."""

    run_lock_timeout: float | None = None
    """How long to wait for another run; None waits as long as it takes."""

    max_blocking: float | None = None
    """How long other sessions may wait behind a statement, which is then cancelled."""

    pause_file: Path | None = None
    """While it is there, statements that run in batches wait."""

    statement_timeout: float | None = None
    """How long a statement may take; 0 is as long as it takes. So is None, but for a rehearsal."""

    warn_after: float | None = 30.0
    """How long a migration may take before the summary of a run marks it; None marks none."""

    color: bool = True
    """Whether output to a terminal may have colour."""

    date_style: DateStyle | None = None
    """How the names of new migrations begin; None is as in the newest file."""

    template: Path | None = None
    """What a new migration begins as; None is a template of our own."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys of the UI that are not the usual ones, by the ids of what they do."""

    warnings: tuple[str, ...] = field(default=(), compare=False)
    """What was not used of what was given, in sentences."""

    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Which flag, variable or key has given each field that is not at its default."""

    @property
    def limits(self) -> Limits:
        """The settings that limit how long a run waits."""
        return Limits(
            run_lock=self.run_lock_timeout,
            lock=self.lock_timeout,
            retries=self.lock_retries,
            blocking=self.max_blocking,
            statement=self.statement_timeout or None,
            pause_file=self.pause_file,
        )

    @property
    def rehearsal_statement_timeout(self) -> float | None:
        """How long a statement may take in a rehearsal; None is as long as it takes."""
        given = self.statement_timeout
        return _REHEARSAL_STATEMENT_TIMEOUT if given is None else given or None


def load(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Put the settings together from all sources.

    ``flags`` has the given flags by name (``lock-timeout``) with the text behind each; ``embedded``
    may be True for the default folder, ``color`` is a bool. Flags and variables of other names are
    ignored, unknown keys in pyproject.toml are not. Raises SettingsError, which names the flag,
    the variable, or the file and its key.
    """
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for source in (
        _from_pyproject(),
        _read(_from_environment(environ), lambda name: _PREFIX + _variable(name)),
        _read(flags, lambda name: f"--{name}"),
    ):
        if source.values.keys() & {"dsn", "embedded", "connection", "container"}:
            values.pop("dsn", None)
            values.pop("embedded", None)
        values |= source.values
        origins |= source.origins
    warnings = tuple(_unknown_variables(environ))
    return Settings(warnings=warnings, origins=origins, **values)  # type: ignore[arg-type]  # each read for its field


def default_embedded_directory() -> Path:
    """The folder of the embedded PostgreSQL where no other is named.

    For root it is one of the system, for everybody else one in the home folder. Raises
    SettingsError if there is no home folder.
    """
    if sys.platform != "win32" and os.geteuid() == 0:
        return Path("/var/lib/schemamig-tui/embedded")
    try:
        data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    except RuntimeError:
        raise SettingsError("There is no home folder to put an embedded PostgreSQL in.") from None
    return Path(data) / "schemamig-tui/embedded"


# -- the values: each reader takes text, or what TOML made of it, and raises ValueError


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty; was a variable not set?")
    return value


def _path(value: str) -> Path:
    try:
        return Path(_text(value)).expanduser()
    except RuntimeError as error:
        raise ValueError("begins with a ~ that stands for no folder") from error


def _embedded(value: str | bool) -> Path | None:
    if value is True:
        return default_embedded_directory()
    return None if value is False else _path(value)


def _connection(value: str) -> str:
    if value not in get_args(Connection):
        hint = did_you_mean(value, get_args(Connection))
        raise ValueError(
            f"is {visible(value)!r}, but has to be auto, docker or environment. {hint}".rstrip(" .")
        )
    return value


def _date_style(value: str) -> str:
    style = _text(value).upper()
    if style not in get_args(DateStyle):
        raise ValueError(f"is {visible(value)!r}, but has to be {', '.join(get_args(DateStyle))}")
    return style


def _switch(value: str | bool) -> bool:
    switches = {"1": True, "true": True, "0": False, "false": False}
    try:
        return switches[str(value).lower()]
    except KeyError:
        raise ValueError("has to be true or false") from None


def _seconds(value: str | float) -> float:
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError("has to be a number of seconds, such as 30")
    return seconds


def _limit(value: str | float) -> float | None:
    return _seconds(value) or None


def _count(value: str | int) -> int:
    if not re.fullmatch(r"\d{1,9}", str(value), re.ASCII):
        raise ValueError("has to be a number, such as 5")
    return int(value)


_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
# PostgreSQL keeps lock_timeout as a 32-bit number of milliseconds, and 0 there means no limit.
_SHORTEST, _LONGEST = 0.001, (2**31 - 1) / 1000


def _duration(value: str) -> float | None:
    if value.strip() == "0":
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|min|h)\s*", value, re.ASCII)
    if not match:
        raise ValueError("has to be a time with its unit, such as 500ms, 2s or 1min; 0 is no limit")
    seconds = float(match[1]) * _UNITS[match[2]]
    if not _SHORTEST <= seconds <= _LONGEST:
        raise ValueError("has to be between 1ms and 596h")
    return seconds


def _duration_or_zero(value: str) -> float:
    return _duration(value) or 0.0


class _SettingReader(NamedTuple):
    """How one setting is read: its field, its types in TOML, and the reader of a value."""

    field: str
    types: tuple[type, ...]
    read: Callable[[Any], object]


_SETTINGS = {
    "dir": _SettingReader("directory", (str,), _path),
    "table": _SettingReader("table", (str,), _text),
    "connection": _SettingReader("connection", (str,), _connection),
    "container": _SettingReader("container", (str,), _text),
    "start-container": _SettingReader("start_container", (bool,), _switch),
    "dsn": _SettingReader("dsn", (str,), _text),
    "embedded": _SettingReader("embedded", (str, bool), _embedded),
    "wait": _SettingReader("wait", (int, float), _seconds),
    "lock-timeout": _SettingReader("lock_timeout", (str,), _duration),
    "lock-retries": _SettingReader("lock_retries", (int,), _count),
    "run-lock-timeout": _SettingReader("run_lock_timeout", (str,), _duration),
    "max-blocking": _SettingReader("max_blocking", (int, float), _limit),
    "pause-file": _SettingReader("pause_file", (str,), _path),
    "statement-timeout": _SettingReader("statement_timeout", (str,), _duration_or_zero),
    "warn-after": _SettingReader("warn_after", (str,), _duration),
    "date-style": _SettingReader("date_style", (str,), _date_style),
    "template": _SettingReader("template", (str,), _path),
    "color": _SettingReader("color", (bool,), bool),
}
_TYPE_NAMES = {str: "a string", bool: "true or false", int: "a number", float: "a number"}


# -- the sources


class _Given(NamedTuple):
    """The fields that a source gives, and what each of them is called there."""

    values: dict[str, object]
    origins: dict[str, str]


def _read(given: Mapping[str, Any], spell: Callable[[str], str]) -> _Given:
    """What a source gives; ``spell`` says how the source writes a setting's name."""
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for name, setting in _SETTINGS.items():
        if given.get(name) is not None:
            try:
                values[setting.field] = setting.read(given[name])
            except ValueError as error:
                raise SettingsError(f"{spell(name)} {error}") from error
            origins[setting.field] = spell(name)
    if values.get("dsn") and values.get("embedded"):
        raise SettingsError(
            f"{spell('dsn')} and {spell('embedded')} are two databases; give one of them"
        )
    return _Given(values, origins)


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    given: dict[str, object] = {
        name: environ.get(_PREFIX + _variable(name)) or None
        for name in _SETTINGS.keys() - {"color"}
    }
    given["color"] = False if environ.get("NO_COLOR") else None  # https://no-color.org
    return given


_PREFIX = "SCHEMAMIG_"
# They are read where they are used.
_OTHER_VARIABLES = ("PG_BINDIR", "DEBUG")


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """A warning of each variable that looks like one of ours, and is none. No value is shown."""
    known = [_variable(name) for name in _SETTINGS if name != "color"]
    for name, value in sorted(environ.items()):
        ours, _, rest = name.partition(_PREFIX)
        if value and not ours and rest and rest not in (*known, *_OTHER_VARIABLES):
            meant = nearest(rest, known)
            hint = f". Did you mean {_PREFIX}{meant}?" if meant else ""
            yield f"{visible(name)} is not a setting, and not used{hint}"


def _variable(name: str) -> str:
    return name.replace("-", "_").upper()


def _from_pyproject() -> _Given:
    for folder in _folders_upwards():
        path = folder / "pyproject.toml"
        if path.is_file():
            return _read_pyproject(path)
    return _Given({}, {})


def _folders_upwards() -> Iterator[Path]:
    """The current folder and those above it, up to and with the root of the repository."""
    try:
        above = Path.cwd().parents
    except FileNotFoundError:  # somebody removed the current folder
        return
    # A relative first folder keeps the paths short that people get to see.
    for folder in (Path(), *above):
        yield folder
        if (folder / ".git").exists():
            return


def _read_pyproject(path: Path) -> _Given:
    where = visible(str(path))
    try:
        content = path.read_bytes()
        if b"schemamig-tui" not in content:  # spares the import: most have no such table
            return _Given({}, {})
        import tomllib

        table = tomllib.loads(content.decode()).get("tool", {}).get("schemamig-tui", {})
    except OSError as error:
        raise SettingsError(f"{where} cannot be read: {error.strerror}") from error
    except (ValueError, AttributeError) as error:
        raise SettingsError(f"{where} is not valid: {visible(str(error))}") from error

    def spell(name: str) -> str:
        return f"{where}: [tool.schemamig-tui] {name}"

    if not isinstance(table, dict):
        raise SettingsError(f"{where}: tool.schemamig-tui has to be a table")
    keys = table.pop("keys", {})
    if not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys.values()):
        raise SettingsError(f"{spell('keys')} has to be a table of strings")
    for name, value in table.items():
        setting = _SETTINGS.get(name)
        if setting is None:
            raise SettingsError(
                f"{spell(visible(name))} is not a setting",
                hint=did_you_mean(name, _SETTINGS) or f"the settings are {', '.join(_SETTINGS)}",
            )
        if type(value) not in setting.types:
            kinds = " or ".join(dict.fromkeys(_TYPE_NAMES[kind] for kind in setting.types))
            raise SettingsError(f"{spell(name)} has to be {kinds}")
    found = _read(table, spell)
    if keys:
        found.values["keys"], found.origins["keys"] = keys, f"{where}: [tool.schemamig-tui.keys]"
    for name in ("directory", "embedded", "template"):
        if isinstance(relative := found.values.get(name), Path):
            found.values[name] = path.parent / relative
    return found
