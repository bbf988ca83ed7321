"""Every setting with its value and with what has given it, for people; secrets are masked."""

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from schemamig_tui.settings.model import Settings
from schemamig_tui.settings.values import DSNS, SETTINGS, TARGET_SETTINGS
from schemamig_tui.text import MASK, redact, redact_command, visible

_DEFAULT = "default"
_CONNECTION = re.compile(r"DATABASE_URL|POSTGRES_(HOST|PORT|USER|DB|PASSWORD)|PG[A-Z]+")


class ShownSetting(NamedTuple):
    """A setting or a variable; a ``value`` of None is not set. All of it is safe to show."""

    name: str
    value: str | None
    source: str


def shown(settings: Settings) -> Iterator[ShownSetting]:
    """The settings in the order of the help, and the variables that a connection is made with."""
    readers = {
        "target": SETTINGS["target"],
        "env-file": SETTINGS["env-file"],
        **TARGET_SETTINGS,
    }
    for name, reader in readers.items():
        source = settings.origins.get(reader.field, _DEFAULT)
        value = _value(getattr(settings, reader.field))
        if name in ("on-success", "on-failure") and value:
            value = redact_command(value)
        if name in DSNS and value and not _is_understood(value, name):
            value = MASK  # it is no DSN, so nobody can tell what in it is a password
        yield ShownSetting(name, value, source)
    for name, key in settings.keys.items():
        yield ShownSetting(f"keys.{visible(name)}", visible(key), settings.origins["keys"])
    for name, severity in settings.rules.items():
        yield ShownSetting(f"rules.{visible(name)}", severity, settings.origins["rules"])
    env_file = visible(str(settings.env_file))
    for name in filter(_CONNECTION.fullmatch, sorted(os.environ)):
        if given := os.environ[name]:
            value = MASK if name.endswith("PASSWORD") else visible(redact(given))
            source = env_file if name in settings.variables else "environment"
            yield ShownSetting(name, value, source)


def _is_understood(dsn: str, name: str) -> bool:
    """Whether it is an address, or parameters that libpq knows."""
    from psycopg import ProgrammingError  # only for people who look at their settings
    from psycopg.conninfo import conninfo_to_dict

    if "=" not in dsn:
        return "://" in dsn or name != "dsn"
    try:
        return "://" in dsn or bool(conninfo_to_dict(dsn))
    except ProgrammingError:
        return False


def _value(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):  # all of them are seconds
        return f"{value:g} s"
    if isinstance(value, tuple):
        return visible(", ".join(map(str, value))) or None
    return visible(redact(str(value)))
