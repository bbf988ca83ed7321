"""Asks whether the rows allow what the pending statements claim of them."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from schemamig_tui.advice.advice import Advice, note, warning
from schemamig_tui.advice.claims import Claim
from schemamig_tui.advice.database import Database
from schemamig_tui.units import duration, lasting, plural

QUESTIONS = 5
"""All questions together may take so many times as long as one of them."""
QUICK_MS = 1000
"""What takes less to read is no reason for a warning, however large it is."""

Statement = tuple[str, int, int]
"""The file and line of a statement, and the oid of a table that it works on."""


@dataclass(frozen=True, slots=True)
class _RowCounts:
    rows: int
    bad: int


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The advice on the claims, and the statements that read a table as quickly as the question."""

    advice: list[Advice] = field(default_factory=list)
    quick: set[Statement] = field(default_factory=set)


def verdicts(database: Database, claims: Iterable[Claim]) -> Verdicts:
    """Ask about each claim, as long as there is time; see ``Database.timeout``."""
    found = Verdicts()
    slow: set[Statement] = set()
    left = None if database.timeout is None else QUESTIONS * database.timeout
    unasked = 0
    for claim in claims:
        if left is not None and left <= 0:
            unasked += 1
            continue
        began = time.monotonic()
        counts = _ask(database, claim, left)
        seconds = time.monotonic() - began
        left = None if left is None else left - seconds
        statement = claim.use.file, claim.use.line, claim.table.oid
        is_quick = counts is not None and not counts.bad and seconds * 1000 < QUICK_MS
        (found.quick if is_quick and claim.by_scan else slow).add(statement)
        if counts:
            found.advice.extend(_advice(claim, counts, seconds * 1000))
    found.quick.difference_update(slow)
    if unasked:
        most = lasting(QUESTIONS * (database.timeout or 0))
        found.advice.append(
            note(
                f"{plural(unasked, 'question')} about rows had to be left out:"
                f" all together may take {most}.",
                hint="--advice-timeout says how long one may take.",
            )
        )
    return found


def _ask(database: Database, claim: Claim, left: float | None) -> _RowCounts | None:
    """How many rows there are, and how many are bad; None if that cannot be found out."""
    query = f"""SELECT (SELECT count(*) FROM {claim.table.name}) AS rows,
        (SELECT count(*) {claim.bad}) AS bad"""
    # A policy would hide rows without a word; without it, the question fails.
    with database.asking(at_most=left, all_rows=True):
        return next(iter(database.ask(f"the rows of {claim.table.name}", _RowCounts, query)), None)


def _advice(claim: Claim, counts: _RowCounts, ms: float) -> Iterator[Advice]:
    use = claim.use
    name, statement = claim.table.name, use.touch.statement
    if not counts.bad:
        rows = plural(counts.rows, "row")
        message = f"{statement} looks at the rows of {name}: {rows}, {duration(ms)}: fine."
        yield note(message, file=use.file, line=use.line)
        return
    wrong = f"{plural(counts.bad, *claim.what)} {name} {claim.phrase[counts.bad > 1]}"
    hint = f"They are listed by: {claim.listing};"
    unless = None
    if claim.writer:
        writer = claim.writer
        unless = f"{writer.touch.statement} in {writer.file}:{writer.line}"
    elif use.after_code:
        unless = "the code that runs before"
    say = note if unless else warning
    message = f"{wrong}: this will fail{f', unless {unless} mends it' if unless else ''}."
    yield say(message, hint=hint, file=use.file, line=use.line)
