"""Reads the value of each setting, from text or from what TOML has made of it."""

import math
import os
import re
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

from schemamig_tui.errors import SettingsError
from schemamig_tui.settings.model import Connection, DateStyle, HeaderColor, LintLevel
from schemamig_tui.spelling import did_you_mean
from schemamig_tui.text import visible


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


# -- the readers: each raises ValueError


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty; was a variable not set?")
    return value


def read_path(value: str) -> Path:
    """A path that somebody has written, where ~ is a home folder. Raises ValueError."""
    try:
        return Path(_text(value)).expanduser()
    except RuntimeError as error:
        raise ValueError("begins with a ~ that stands for no folder") from error


def _embedded(value: str | bool) -> Path | None:
    """A switch, or a folder; one that is called like a switch is written ``./1``."""
    switch = _SWITCHES.get(str(value).lower())
    if switch is None:
        return read_path(str(value))
    return default_embedded_directory() if switch else None


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


def _one_of(values: Collection[str]) -> Callable[[str], str]:
    def read_one(value: str) -> str:
        if value not in values:
            raise ValueError(f"is {visible(value)!r}, but has to be {', '.join(values)}")
        return value

    return read_one


SCRATCH_PLACES = ("embedded", "server")
"""Where a scratch database may be, if no DSN says it."""


def _scratch(value: str) -> str:
    if _text(value) not in SCRATCH_PLACES and not re.search(r"://|=", value):
        # What somebody has taken for a DSN may have a password in it.
        raise ValueError("has to be embedded, server or a DSN")
    return value


def _names(value: str | list[Any]) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError("has to be a list of names")
    return tuple(name.strip() for name in names)


def _paths(value: str | list[Any]) -> tuple[Path, ...]:
    return tuple(map(read_path, _names(value)))


_SWITCHES = {"1": True, "true": True, "0": False, "false": False}


def _switch(value: str | bool) -> bool:
    try:
        return _SWITCHES[str(value).lower()]
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


class SettingReader(NamedTuple):
    """How one setting is read: its field, its types in TOML, and the reader of a value."""

    field: str
    types: tuple[type, ...]
    read: Callable[[Any], object]


SETTINGS = {
    "dir": SettingReader("directory", (str,), read_path),
    "table": SettingReader("table", (str,), _text),
    "connection": SettingReader("connection", (str,), _connection),
    "container": SettingReader("container", (str,), _text),
    "start-container": SettingReader("start_container", (bool,), _switch),
    "dsn": SettingReader("dsn", (str,), _text),
    "embedded": SettingReader("embedded", (str, bool), _embedded),
    "wait": SettingReader("wait", (int, float), _seconds),
    "lock-timeout": SettingReader("lock_timeout", (str,), _duration_or_zero),
    "lock-retries": SettingReader("lock_retries", (int,), _count),
    "run-lock-timeout": SettingReader("run_lock_timeout", (str,), _duration),
    "max-blocking": SettingReader("max_blocking", (int, float), _limit),
    "pause-file": SettingReader("pause_file", (str,), read_path),
    "statement-timeout": SettingReader("statement_timeout", (str,), _duration_or_zero),
    "warn-after": SettingReader("warn_after", (str,), _duration),
    "time-budget": SettingReader("time_budget", (str,), _duration),
    "advice-timeout": SettingReader("advice_timeout", (str,), _duration),
    "log-file": SettingReader("log_file", (str,), read_path),
    "on-success": SettingReader("on_success", (str,), _text),
    "on-failure": SettingReader("on_failure", (str,), _text),
    "alert-timeout": SettingReader("alert_timeout", (str,), _duration),
    "date-style": SettingReader("date_style", (str,), _date_style),
    "template": SettingReader("template", (str,), read_path),
    "lint-level": SettingReader("lint_level", (str,), _one_of(get_args(LintLevel))),
    "scratch": SettingReader("scratch", (str,), _scratch),
    "docs.path": SettingReader("docs_path", (str, list), _paths),
    "docs.schema": SettingReader("docs_schema", (str, list), _names),
    "docs.after-apply": SettingReader("docs_after_apply", (bool,), _switch),
    "color": SettingReader("color", (bool,), bool),
    "env-file": SettingReader("env_file", (str,), read_path),
    "target": SettingReader("target", (str,), _text),
}
"""The settings by name; all but ``color`` are also variables."""

PLACES = frozenset({"dsn", "embedded", "connection", "container"})
"""The settings that say where the database is, if no target does."""

DSNS = ("dsn", "scratch")
"""The settings that may be a DSN."""

TARGET_SETTINGS = {
    **{name: read for name, read in SETTINGS.items() if name not in ("env-file", "target")},
    "protected": SettingReader("protected", (bool,), bool),
    "header": SettingReader("header", (str,), _one_of(get_args(HeaderColor))),
    "read-only": SettingReader("read_only", (bool,), bool),
}
"""What a target may say: where the database is, what differs there, and what may be written."""

TYPE_NAMES = {
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
}
"""What the types of TOML are called."""


# -- tables of them


class Given(NamedTuple):
    """The fields that a source gives, and what each of them is called there."""

    values: dict[str, object]
    origins: dict[str, str]


Spell = Callable[[str], str]
"""Says how a source writes a setting's name."""


def read(
    given: Mapping[str, Any], spell: Spell, settings: Mapping[str, SettingReader] = SETTINGS
) -> Given:
    """What a source gives of ``settings``. Raises SettingsError."""
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for name, setting in settings.items():
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
    return Given(values, origins)


def check_table(
    table: Mapping[str, Any], spell: Spell, settings: Mapping[str, SettingReader] = SETTINGS
) -> None:
    """Raise SettingsError for a key of a TOML table that is no setting, or of another type."""
    for name, value in table.items():
        setting = settings.get(name)
        if setting is None:
            raise SettingsError(
                f"{spell(visible(name))} is not a setting",
                hint=did_you_mean(name, settings) or f"the settings are {', '.join(settings)}",
            )
        if type(value) not in setting.types:
            kinds = " or ".join(dict.fromkeys(TYPE_NAMES[kind] for kind in setting.types))
            raise SettingsError(f"{spell(name)} has to be {kinds}")
