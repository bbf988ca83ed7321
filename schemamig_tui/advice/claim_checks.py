"""Asks whether the rows allow what the pending statements claim of them."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
class _CheckedClaim:
    """What the database says of a claim, after so many milliseconds; None: nothing."""

    claim: Claim
    counts: _RowCounts | None
    ms: float


@dataclass(frozen=True, slots=True)
class ClaimChecks:
    """The advice on the claims, and the statements that read a table as quickly as the question."""

    advice: list[Advice] = field(default_factory=list)
    quick: set[Statement] = field(default_factory=set)


def check_claims(database: Database, claims: Iterable[Claim]) -> ClaimChecks:
    """Ask about each claim, as long as there is time; see ``Database.timeout``."""
    answers: defaultdict[Statement, list[_CheckedClaim]] = defaultdict(list)
    left = None if database.timeout is None else QUESTIONS * database.timeout
    unasked = 0
    for claim in claims:
        counts, began = None, time.monotonic()
        if left is None or left > 0:
            counts = _ask(database, claim, left)
        else:
            unasked += 1
        seconds = time.monotonic() - began
        left = None if left is None else left - seconds
        statement = claim.use.file, claim.use.line, claim.table.oid
        answers[statement].append(_CheckedClaim(claim, counts, seconds * 1000))
    found = ClaimChecks()
    for statement, own in answers.items():
        found.advice.extend(_failing(own))
        if all(answer.counts and not answer.counts.bad for answer in own):
            found.advice.append(_fine(own))
            ms = sum(answer.ms for answer in own)
            if ms < QUICK_MS and all(answer.claim.by_scan for answer in own):
                found.quick.add(statement)
    if unasked:
        found.advice.append(_left_out(unasked, QUESTIONS * (database.timeout or 0)))
    return found


def _ask(database: Database, claim: Claim, left: float | None) -> _RowCounts | None:
    """How many rows there are, and how many are bad; None if that cannot be found out."""
    query = f"""SELECT (SELECT count(*) FROM {claim.table.name}) AS rows,
        (SELECT count(*) {claim.bad}) AS bad"""
    # A policy would hide rows without a word; without it, the question fails.
    with database.asking(at_most=left, all_rows=True):
        return next(iter(database.ask(f"the rows of {claim.table.name}", _RowCounts, query)), None)


def _failing(answers: Iterable[_CheckedClaim]) -> Iterator[Advice]:
    """A warning for each claim that is not true; a note, where that may still be mended."""
    for answer in answers:
        claim, count = answer.claim, answer.counts.bad if answer.counts else 0
        if not count:
            continue
        wrong = f"{plural(count, *claim.what)} {claim.table.name} {claim.phrase[count > 1]}"
        before = _changes_before(claim)
        say = note if before else warning
        yield say(
            f"{wrong}: this will fail{f', unless {before} mends it' if before else ''}.",
            hint=f"They are listed by: {claim.listing};",
            file=claim.use.file,
            line=claim.use.line,
        )


def _changes_before(claim: Claim) -> str | None:
    """What may change the rows before the statement looks at them."""
    if writer := claim.writer:
        return f"{writer.touch.statement} in {writer.file}:{writer.line}"
    return "the code that runs before" if claim.use.after_code else None


def _fine(answers: Sequence[_CheckedClaim]) -> Advice:
    """A note on a statement whose claims are all true."""
    claim = answers[0].claim
    before = _changes_before(claim)
    unless = f", unless {before} changes that" if before else ""
    rows = max(answer.counts.rows for answer in answers if answer.counts)
    ms = sum(answer.ms for answer in answers)
    return note(
        f"{claim.use.touch.statement} looks at the rows of {claim.table.name}:"
        f" {plural(rows, 'row')}, {duration(ms)}: fine{unless}.",
        file=claim.use.file,
        line=claim.use.line,
    )


def _left_out(count: int, most: float) -> Advice:
    return note(
        f"{plural(count, 'question')} about rows had to be left out:"
        f" all together may take {lasting(most)}.",
        hint="--advice-timeout says how long one may take.",
    )
