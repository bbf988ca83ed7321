"""Checks the names of migrations: refuses some, and warns of an order that nobody meant."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from schemamig_tui.errors import FilesError
from schemamig_tui.text import some_names, visible

NAME_LENGTH = 255
"""The longest file name in characters: the ledger's ``filename VARCHAR(255)``."""

# A letter tells the files of one day apart: 20251019b_ sorts behind 20251019_ and before 20251020_.
_PREFIXES = {
    "YYYYMMDD_": re.compile(r"\d{8}[a-z]?_"),
    "YYYY-MM-DD_": re.compile(r"\d{4}-\d{2}-\d{2}[a-z]?_"),
    "NNNN_": re.compile(r"\d{4}[a-z]?_"),
}

# A time of day may follow the date, and numbers are no dates.
_DATES = {
    "YYYYMMDD_": re.compile(r"(?:19|20)\d\d(?:0\d|1[0-2])[0-3]\d(?:\d{4,9})?(?!\d)"),
    "YYYY-MM-DD_": re.compile(r"\d{4}-\d\d-\d\d(?!\d)"),
}
# 1.10 and Flyway's V1_10 are numbers of several parts.
_NUMBERED = re.compile(r"(?=(?P<text>\D*))(?:V\d+(?:[._]\d+)*|\D*\d+(?:\.\d+)*)")

# How the tools call a file that takes a migration back; most do not care about upper case.
_WAYS_BACK = {
    "golang-migrate and others": re.compile(r"(?i).+\.down\.sql"),
    "yoyo": re.compile(r"(?i).+\.rollback\.sql"),
    "postgrator": re.compile(r"(?i)\d+\.undo(?:\..*)?\.sql"),
    "Flyway": re.compile(r"U\d[\d._]*__.*\.sql"),
}
_ADOPTED = {"golang-migrate and others": "golang-migrate or --adopt sqlx", "Flyway": "Flyway"}
# These names may be innocent ("slow-down"), unless the way there has the same name but for that.
_BACK = re.compile(r"(?<![^-_.])(?:down|undo|unapply|revert|rollback|backwards?)(?![^-_.])")
_THERE = ("up", "do", "deploy", "apply", "migrate", "forward", "forwards")


def is_migration(name: str) -> bool:
    """Whether a file of this name counts as a migration, even one that has to be refused."""
    return name.endswith(".sql") and name[0] != "."


def check_names(directory: Path, names: Sequence[str]) -> None:
    """Raise FilesError for a name that no migration can have, among all of a folder's."""
    beside = {name.lower() for name in names}
    for name in names:
        _check_name(directory / name)
        if tool := _way_back(name, beside):
            others = sum(_way_back(one, beside) is not None for one in names) - 1
            raise _undoes(directory / name, tool, others)


def _check_name(path: Path) -> None:
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


def _undoes(path: Path, tool: str, others: int) -> FilesError:
    whole = f", with {others:,} more in this folder" if others else ""
    ways_out = [
        f"Move {'them' if others else 'it'} out of the folder: to undo a migration, add a new one"
        " that reverses it. If it undoes nothing, as a U file of refinery, rename it."
    ]
    if adopted := _ADOPTED.get(tool):
        ways_out.append(f"--adopt {adopted} takes over a folder without its ways back.")
    return FilesError(
        f"By its name this undoes a migration, as in {tool}{whole}: run with the others, it would"
        " undo what they do.",
        path=path,
        hint=" ".join(ways_out),
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


def order_warnings(names: Sequence[str]) -> list[str]:
    """Warnings of ``names``, as they sort, whose order may be one that nobody meant."""
    styles: dict[str, list[str]] = defaultdict(list)
    for name in names:
        matching = (style for style, prefix in _PREFIXES.items() if prefix.match(name))
        styles[next(matching, "")].append(name)
    warnings = []
    if unknown := styles.pop("", []):
        warnings.append(
            f"No prefix {', '.join(_PREFIXES)} in the name of {some_names(unknown)}: "
            "they run in alphabetical order."
        )
    plain, dashed = (
        next((name for name in [*styles[style], *unknown] if date.match(name)), None)
        for style, date in _DATES.items()
    )
    if plain and dashed:
        warnings.append(
            f"Both date styles are in use ({visible(plain)}, {visible(dashed)}): "
            "alphabetical order is not the order of the dates."
        )
    elif unknown and (found := _out_of_number(names)):
        warnings.append(
            f"{visible(found[0])} runs before {visible(found[1])}: names are sorted as text, not as"
            " numbers. Numbers that all have as many digits sort alike in both ways."
        )
    return warnings


def _out_of_number(names: Iterable[str]) -> tuple[str, str] | None:
    """The first two names, of those with the same text before a number, that are out of order."""
    last: dict[str, tuple[list[int], str]] = {}
    is_date = _DATES["YYYYMMDD_"].match  # with a time of day or without: the text is in order
    for name in names:
        if (found := _NUMBERED.match(name)) and not is_date(name):
            number = [int(part) for part in re.findall(r"\d+", found[0])]
            highest, before = last.get(found["text"], ([], ""))
            if highest > number:
                return before, name
            last[found["text"]] = number, name
    return None


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
