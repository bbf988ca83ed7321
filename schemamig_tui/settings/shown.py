"""Every setting with its value and with what has given it, for people; secrets are masked."""

import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from schemamig_tui.settings.dsn import for_libpq
from schemamig_tui.settings.model import Settings
from schemamig_tui.settings.values import DSNS, SCRATCH_PLACES, SETTINGS, TARGET_SETTINGS
from schemamig_tui.text import MASK, SECRET_NAME, redact, redact_command, visible

_DEFAULT = "default"
_SECRET = re.compile(rf".*{SECRET_NAME}")
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
        if name in DSNS and value and value not in SCRATCH_PLACES:
            value = _shown_dsn(str(getattr(settings, reader.field)))
        yield ShownSetting(name, value, source)
    for name, key in settings.keys.items():
        yield ShownSetting(f"keys.{visible(name)}", visible(key), settings.origins["keys"])
    for name, severity in settings.rules.items():
        yield ShownSetting(f"rules.{visible(name)}", severity, settings.origins["rules"])
    env_file = visible(str(settings.env_file))
    for name in filter(_CONNECTION.fullmatch, sorted(os.environ)):
        if given := os.environ[name]:
            source = env_file if name in settings.variables else "environment"
            yield ShownSetting(name, _of_variable(name, given), source)


def _of_variable(name: str, given: str) -> str:
    if name == "DATABASE_URL":
        return _shown_dsn(given)
    return MASK if name.endswith("PASSWORD") else visible(redact(given))


def _shown_dsn(dsn: str) -> str:
    """The DSN with *** for its secrets; *** alone where they cannot be told from the rest."""
    masked = redact(dsn)
    given, left = _parameters(dsn), _parameters(masked)
    if given is None or left is None:
        return MASK
    secrets = {name for name in given | left if _SECRET.fullmatch(name)}
    is_masked = all(left.get(name) == MASK for name in secrets)
    return visible(masked) if is_masked and left == given | dict.fromkeys(secrets, MASK) else MASK


def _parameters(dsn: str) -> dict[str, Any] | None:
    """What libpq reads in a DSN; None where it is none."""
    from psycopg import ProgrammingError  # only for people who look at their settings
    from psycopg.conninfo import conninfo_to_dict

    try:
        return conninfo_to_dict(for_libpq(dsn))
    except (ProgrammingError, UnicodeError):
        return None


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
