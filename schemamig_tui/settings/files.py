"""The settings in a file: ``schemamig.toml``, or a table of pyproject.toml."""

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from schemamig_tui.errors import SettingsError
from schemamig_tui.settings.model import LintLevel
from schemamig_tui.settings.values import (
    DSNS,
    PLACES,
    SETTINGS,
    TARGET_SETTINGS,
    Given,
    SettingReader,
    check_table,
    read,
)
from schemamig_tui.spelling import did_you_mean
from schemamig_tui.text import visible

_RULE_VALUES = ("off", *get_args(LintLevel))
_OWN, _SHARED = "schemamig.toml", "pyproject.toml"


@dataclass(frozen=True)
class SettingsFile:
    """What is in the file, checked but for its values.

    ``table`` has the settings of the file itself, ``targets`` those of each target, ``keys`` the
    keys of the UI, ``rules`` the severities of rules.
    """

    path: Path = Path()
    table: Mapping[str, Any] = field(default_factory=dict)
    targets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)

    def given(self) -> Given:
        """What the file gives. Raises SettingsError."""
        found = self._read(self.table, "", SETTINGS)
        for name, table in {"keys": self.keys, "rules": self.rules}.items():
            if table:
                found.values[name] = table
                found.origins[name] = self._spelled(name).rstrip()
        return found

    def given_by(self, target: str, named_by: str) -> Given:
        """What the target of this name gives, which a setting has named.

        Raises SettingsError if there is none.
        """
        if target not in self.targets:
            known = f"the targets are {', '.join(map(visible, self.targets))}"
            none = "a target is a table [tool.schemamig-tui.targets.NAME] of pyproject.toml"
            hint = did_you_mean(target, self.targets) or (known if self.targets else none)
            raise SettingsError(
                f"{named_by}: there is no target {visible(target)}", hint=visible(hint)
            )
        return self._read(self.targets[target], f"targets.{target}", TARGET_SETTINGS)

    def _read(
        self, table: Mapping[str, Any], name: str, settings: Mapping[str, SettingReader]
    ) -> Given:
        found = read(table, lambda key: self._spelled(name) + key, settings)
        for key, value in found.values.items():
            if isinstance(value, Path):
                found.values[key] = self.path.parent / value
            elif key == "docs_path" and isinstance(value, tuple):
                found.values[key] = tuple(self.path.parent / one for one in value)
        return found

    def _spelled(self, table: str) -> str:
        return _spelled(self.path, table)


def find() -> SettingsFile:
    """The nearest file with settings, from the current folder up to the root of the repository.

    In one folder ``schemamig.toml`` goes before pyproject.toml. Raises SettingsError.
    """
    for folder in _folders_upwards():
        for name in (_OWN, _SHARED):
            path = folder / name
            if _is_file(path) and (found := _parse(path)):
                return found
    return SettingsFile()


def target_names() -> list[str]:
    """The names of the targets, in their order in the file. Raises SettingsError."""
    return [*find().targets]


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


def _is_file(path: Path) -> bool:
    """Whether it is a file. What may be there unseen is not passed over: it could protect."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise SettingsError(
            f"{visible(str(path.absolute()))} cannot be looked for: {error.strerror}",
            hint="The folder that you are in, and those above it, may have settings. Change to one"
            " that you may read.",
        ) from None


def _parse(path: Path) -> SettingsFile | None:
    """What a file has; None if it is a pyproject.toml without a table of ours."""
    where = visible(str(path))
    try:
        content = path.read_bytes()
        if path.name == _SHARED and b"schemamig-tui" not in content:  # spares the import
            return None
        import tomllib

        table = tomllib.loads(content.decode("utf-8-sig"))
        if path.name == _SHARED:
            table = table.get("tool", {}).get("schemamig-tui")
    except OSError as error:
        raise SettingsError(f"{where} cannot be read: {error.strerror}") from error
    except (ValueError, AttributeError) as error:
        raise SettingsError(f"{where} is not valid: {visible(str(error))}") from error
    if table is None:
        return None
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: tool.schemamig-tui has to be a table")
    keys, targets = table.pop("keys", {}), table.pop("targets", {})
    if not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys.values()):
        raise SettingsError(f"{_spelled(path)}keys has to be a table of strings")
    if not isinstance(targets, dict) or not all(isinstance(one, dict) for one in targets.values()):
        raise SettingsError(f"{_spelled(path)}targets has to be a table of tables")
    rules = table.pop("rules", {})
    if not isinstance(rules, dict) or not all(rule in _RULE_VALUES for rule in rules.values()):
        raise SettingsError(f"{_spelled(path)}rules has to be a table of {', '.join(_RULE_VALUES)}")
    table = _flat(table, _spelled(path))
    targets = {
        name: _flat(one, _spelled(path, f"targets.{visible(name)}"))
        for name, one in targets.items()
    }
    check_table(table, lambda key: _spelled(path) + key)
    _refuse_passwords(table, _spelled(path))
    for name, target in targets.items():
        _check_target(target, _spelled(path, f"targets.{visible(name)}"))
    return SettingsFile(path, table, targets, keys, rules)


def _flat(table: dict[str, Any], spelled: str) -> dict[str, Any]:
    """A table with the keys of its table ``docs`` as ``docs.path`` and so on."""
    docs = table.pop("docs", {})
    if not isinstance(docs, dict):
        raise SettingsError(f"{spelled}docs has to be a table")
    return table | {f"docs.{key}": value for key, value in docs.items()}


def _check_target(target: Mapping[str, Any], spelled: str) -> None:
    check_table(target, lambda key: spelled + key, TARGET_SETTINGS)
    if PLACES.isdisjoint(target):
        places = "dsn, container, connection or embedded"
        raise SettingsError(f"{spelled.rstrip()} does not say where the database is: {places}")
    _refuse_passwords(target, spelled)


def _refuse_passwords(table: Mapping[str, Any], spelled: str) -> None:
    for name in DSNS:
        if name in table:
            from schemamig_tui.settings.dsn import refuse_password

            refuse_password(table[name], spelled + name)


def _spelled(path: Path, table: str = "") -> str:
    """How a file and a table in it are written before a key."""
    if path.name == _SHARED:
        table = f"tool.schemamig-tui.{table}".rstrip(".")
    return f"{visible(str(path))}: " + (f"[{table}] " if table else "")
