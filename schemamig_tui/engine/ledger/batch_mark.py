"""The progress of a statement that runs in batches, as a part of its file's checkpoint.

It commits together with the batch that it is about, as two lines: one for people, one for a later
run::

    In batches: 124,577 keys walked, 124,501 rows changed in 103 batches, id up to 4fc4 of fff8
    Batches of statement 3: {"at": ["4fc4"], "end": ["fff8"], "walked": 124577, ...}
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from schemamig_tui.engine.ledger.wording import BATCHES, IN_BATCHES
from schemamig_tui.text import visible
from schemamig_tui.units import plural

_LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True)
class BatchMark:
    """How far statement ``statement``, by number from 1, has got.

    ``fingerprint`` is that of the statement and its directive, ``writer`` tells the run from every
    other. For a statement over ranges ``key`` has the columns and ``types`` their types, ``table``
    is the oid of the table, ``at`` the last key that is done (None before the first batch), and
    ``end`` the last key of all. ``walked`` counts keys, ``changed`` rows, ``seconds`` the time in
    batches; ``size`` is how many keys the next batch has.
    """

    statement: int
    fingerprint: str
    writer: str
    table: int | None = None
    key: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    at: tuple[str, ...] | None = None
    end: tuple[str, ...] | None = None
    walked: int = 0
    changed: int = 0
    batches: int = 0
    seconds: float = 0.0
    size: int = 0

    @property
    def people(self) -> str:
        """The progress as people read it."""
        text = counted(self.walked if self.key else None, self.changed, self.batches)
        if self.at and self.end:
            text += f", {visible(', '.join(self.key))} up to {shown(self.at)} of {shown(self.end)}"
        return text

    @property
    def record(self) -> str:
        """The line for a later run; with its ``writer``, no other run writes the same line."""
        values = asdict(self)
        return f"{BATCHES}{values.pop('statement')}: {json.dumps(values)}"

    @property
    def lines(self) -> str:
        """Both lines, each with the line break in front of it."""
        return f"\n{IN_BATCHES}{self.people}\n{self.record}"


def counted(walked: int | None, changed: int, batches: int) -> str:
    """Keys ``walked`` beside rows ``changed``, because these numbers may differ; None: no keys."""
    keys = "" if walked is None else f"{plural(walked, 'key')} walked, "
    return f"{keys}{plural(changed, 'row')} changed in {plural(batches, 'batch', 'batches')}"


def shown(value: Sequence[str]) -> str:
    """A value of a key for people: ``17``, or ``(3, 17)``; a long one is cut."""
    parts = [
        part if len(part) <= _LONGEST_VALUE else part[:_LONGEST_VALUE] + "..." for part in value
    ]
    text = ", ".join(map(visible, parts))
    return text if len(parts) == 1 else f"({text})"


RECORD = rf"\n{IN_BATCHES}.*\n{BATCHES}(?P<batched>\d+): (?P<batches>\{{.*\}})"
"""A pattern of both lines in a checkpoint."""


def read_mark(statement: str, values: str) -> BatchMark | None:
    """Read the line for a later run; None where somebody has changed it by hand."""
    try:
        found = json.loads(values)
        for name in ("key", "types", "at", "end"):
            found[name] = None if found[name] is None else tuple(found[name])
        mark = BatchMark(int(statement), **found)
    except (KeyError, TypeError, ValueError):
        return None
    return mark if _has_its_types(mark) else None


def _has_its_types(mark: BatchMark) -> bool:
    """Whether the values are of the types that ``BatchMark.record`` writes."""
    parts = (*mark.key, *mark.types, *(mark.at or ()), *(mark.end or ()))
    texts = (mark.fingerprint, mark.writer, *parts)
    counts = (mark.table or 0, mark.walked, mark.changed, mark.batches, mark.size)
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(count, int) for count in counts)
        and isinstance(mark.seconds, int | float)
    )
