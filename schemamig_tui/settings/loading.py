"""Puts the settings together from all sources.

Where the database is stands in five settings: ``target``, ``dsn``, ``embedded``, ``connection`` and
``container``. A source that gives any of them overrules a target, a ``dsn`` or an ``embedded`` of a
weaker source: ``--container spec_pg`` is not overruled by a forgotten ``SCHEMAMIG_DSN``, and
``--target staging`` is not either. What else a target says stands over the file, and below the
variables.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemamig_tui.errors import SettingsError
from schemamig_tui.settings import files
from schemamig_tui.settings.files import SettingsFile
from schemamig_tui.settings.model import Settings
from schemamig_tui.settings.values import DSNS, PLACES, Given, read
from schemamig_tui.settings.variables import from_environment, unknown_variables, variable
from schemamig_tui.text import visible


def load(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Put the settings together from all sources.

    ``flags`` has the given flags by name (``lock-timeout``) with the text behind each; ``embedded``
    may be True for the default folder, ``color`` is a bool. Flags and variables of other names are
    ignored, unknown keys in the file are not. Raises SettingsError, which names the flag, the
    variable, or the file and its key.
    """
    file = files.find()
    of_file, of_flags = file.given(), read(flags, lambda name: f"--{name}")
    added, env_file = _added_variables(of_flags, environ, of_file)
    environ = {**environ, **added}
    of_environment = from_environment(environ, dict.fromkeys(added, env_file))
    of_target = _target(file, (of_file, of_environment, of_flags))
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for source in (of_file, of_target, of_environment, of_flags):
        given = source.values
        if of_target.values and source is not of_target:
            given = {name: value for name, value in given.items() if name not in PLACES}
        elif given.keys() & PLACES:
            values.pop("dsn", None)
            values.pop("embedded", None)
        values |= given
        origins |= {name: source.origins[name] for name in given}
    if not of_target.values:
        values.pop("target", None)
        origins.pop("target", None)
    for name in DSNS:
        if values.get(name) and origins[name] in (
            of_file.origins.get(name),
            of_target.origins.get(name),
        ):
            from schemamig_tui.settings.dsn import expand

            values[name] = expand(str(values[name]), environ, origins[name])
    warnings = tuple(unknown_variables(environ))
    return Settings(variables=added, warnings=warnings, origins=origins, **values)  # type: ignore[arg-type]  # each read for its field


def _added_variables(
    flags: Given, environ: Mapping[str, str], file: Given
) -> tuple[dict[str, str], str]:
    """What the file of variables has for those that are not set, and that file, safe to show."""
    # The other variables are read when these have been added.
    named = {"env-file": environ.get(variable("env-file")) or None}
    for source in (flags, read(named, variable), file):
        if isinstance(path := source.values.get("env_file"), Path):
            break
    else:
        return {}, ""
    from schemamig_tui.settings.env_file import read_env_file

    found = read_env_file(path, source.origins["env_file"])
    return {key: it for key, it in found.items() if not environ.get(key)}, visible(str(path))


def _target(file: SettingsFile, sources: tuple[Given, ...]) -> Given:
    """What the target gives that the strongest source has named; nothing if that names none."""
    of_file = sources[0]
    for source in reversed(sources):
        target, places = source.values.get("target"), source.values.keys() & PLACES
        if target is not None:
            if places and source is not of_file:
                other = source.origins[min(places)]
                raise SettingsError(
                    f"{source.origins['target']} and {other} are two databases; give one of them"
                )
            return file.given_by(str(target), source.origins["target"])
        if places:
            break
    return Given({}, {})
