"""Checks the names of migrations: refuses some, and warns of an order that nobody meant."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from schemamig_tui.errors import FilesError
from schemamig_tui.text import some_names

NAME_LENGTH = 255
"""The longest file name in characters: the ledger's ``filename VARCHAR(255)``."""

# A letter tells the files of one day apart: 20251019b_ sorts behind 20251019_ and before 20251020_.
_PREFIXES = {
    "YYYYMMDD_": re.compile(r"\d{8}[a-z]?_"),
    "YYYY-MM-DD_": re.compile(r"\d{4}-\d{2}-\d{2}[a-z]?_"),
    "NNNN_": re.compile(r"\d{4}[a-z]?_"),
}

# How the tools call a file that takes a migration back; most do not care about upper case.
_WAYS_BACK = {
    "golang-migrate and others": re.compile(r"(?i).+\.down\.sql"),
    "yoyo": re.compile(r"(?i).+\.rollback\.sql"),
    "postgrator": re.compile(r"(?i)\d+\.undo(?:\..*)?\.sql"),
    "Flyway": re.compile(r"U\d[\d._]*__.*\.sql"),
}
# These names may be innocent ("slow-down"), unless the way there has the same name but for that.
_BACK = re.compile(r"(?<![^-_.])(?:down|undo|unapply|revert|rollback|backwards?)(?![^-_.])")
_THERE = ("up", "do", "deploy", "apply", "migrate", "forward", "forwards")


def is_migration(name: str) -> bool:
    """Whether a file of this name counts as a migration, even one that has to be refused."""
    return name.endswith(".sql") and name[0] != "."


def check_name(path: Path, beside: Collection[str]) -> None:
    """Raise FilesError for a name that no migration can have.

    ``beside`` are the names of all files of the folder in lower case.
    """
    name = path.name
    try:
        name.encode()
    except UnicodeEncodeError:
        raise FilesError(
            "The name of the file is not valid UTF-8, so the ledger cannot hold it.",
            path=path,
            hint="Rename the file.",
        ) from None
    if len(name) > NAME_LENGTH:
        raise FilesError(
            f"The name of the file has {len(name)} characters; the ledger holds {NAME_LENGTH}.",
            path=path,
            hint="Rename the file.",
        )
    if tool := _way_back(name, beside):
        raise FilesError(
            f"By its name this undoes a migration, as in {tool}: run with the others, it would"
            " undo what they do.",
            path=path,
            hint="Move it out of the folder: to undo a migration, add a new one that reverses it."
            " If it undoes nothing, as a U file of refinery, rename it.",
        )


def _way_back(name: str, beside: Collection[str]) -> str | None:
    for tool, pattern in _WAYS_BACK.items():
        if pattern.fullmatch(name):
            return tool
    lower = name.lower()
    for word in _BACK.finditer(lower):
        before, behind = lower[: word.start()], lower[word.end() :]
        there = [before + instead + behind for instead in _THERE]
        if behind == ".sql":  # 0001_a_undo.sql beside 0001_a.sql
            there.append(before[:-1] + behind)
        if not before:  # undo_0001_a.sql
            there.append(behind[1:])
        if any(one in beside for one in there):
            return "db-migrate and others"
    return None


def order_warnings(names: Iterable[str]) -> list[str]:
    """Warnings of names that may sort in an order that nobody meant."""
    styles: dict[str, list[str]] = defaultdict(list)
    for name in names:
        matching = (style for style, prefix in _PREFIXES.items() if prefix.match(name))
        styles[next(matching, "")].append(name)
    warnings = []
    if unknown := styles.pop("", None):
        warnings.append(
            f"No prefix {', '.join(_PREFIXES)} in the name of {some_names(unknown)}: "
            "they run in alphabetical order."
        )
    plain, dashed = styles["YYYYMMDD_"], styles["YYYY-MM-DD_"]
    if plain and dashed:
        warnings.append(
            f"Both date styles are in use ({plain[0]}, {dashed[0]}): "
            "alphabetical order is not the order of the dates."
        )
    return warnings


def passed_over_warnings(names: Sequence[str]) -> list[str]:
    """Warnings of files that are no migrations because their suffix is not in lower case."""
    if not names:
        return []
    return [f"No migration, because only .sql in lower case is one: {some_names(names)}."]


def twin_warnings(names: Iterable[str]) -> list[str]:
    """Warnings of different names that look the same, or are the same to some file systems.

    é may be one character, or an e and an accent: macOS and some version control systems turn one
    into the other. And there, as on Windows, upper and lower case do not tell files apart.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[_composed(name).lower()].append(name)
    forms, cases = [], []
    for same in groups.values():
        composed = {_composed(name) for name in same}
        if len(composed) < len(same):
            forms.append(_composed(same[0]))
        elif len(same) > 1:
            cases.append(" and ".join(same))
    warnings = []
    if forms:
        warnings.append(
            f"More than one migration is called {some_names(forms)}: the names look the same, but"
            " differ in their Unicode form (NFC, NFD)."
        )
    if cases:
        warnings.append(
            f"Only upper and lower case tell {some_names(cases)} apart: on macOS and Windows they"
            " would be one file."
        )
    return warnings


def _composed(name: str) -> str:
    return name if name.isascii() else unicodedata.normalize("NFC", name)
