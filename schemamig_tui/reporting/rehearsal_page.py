"""Collects a rehearsal for the page that is made of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemamig_tui.advice.advice import Advice
from schemamig_tui.engine.batch_events import BatchRehearsed
from schemamig_tui.engine.events import FileFailed, StatementFinished
from schemamig_tui.rehearsal.events import (
    FileLeftOut,
    FileRehearsed,
    LocksTaken,
    RehearsalEvent,
    RehearsalFinished,
    RelationLock,
    RelationSize,
    RelationsRewritten,
    ScratchUsed,
    WorkDone,
)

if TYPE_CHECKING:
    from schemamig_tui.connect import Identity

TITLE = "# Rehearsal\n"
"""The first line of a page of Markdown."""
FORMAT_NAME = "schemamig_rehearsal"
"""The first key of a page of JSON, whose value is the number of its format."""
SLOW = 100
"""From so many milliseconds on a statement is shown also if it did nothing to the tables."""


@dataclass
class StatementOnPage:
    """A statement, and what it did to relations that were there before."""

    finished: StatementFinished
    locks: list[RelationLock] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)
    sizes: list[RelationSize] = field(default_factory=list)
    work: list[WorkDone] = field(default_factory=list)
    batch: BatchRehearsed | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether it is quick, and did nothing that anybody would have to know of."""
        did = self.locks or self.rewritten or self.work or self.batch
        return not did and (self.finished.ms or 0) < SLOW


@dataclass
class FileOnPage:
    """A file; ``quiet`` counts the statements that are left out."""

    name: str
    statements: list[StatementOnPage] = field(default_factory=list)
    quiet: int = 0
    end: FileRehearsed | FileLeftOut | FileFailed | None = None


class RehearsalPage:
    """The events of a rehearsal, file by file, with the ``advice`` that was given before.

    ``queries`` tells whether the page may quote what other sessions run.
    """

    def __init__(self, advice: Sequence[Advice] = (), *, queries: bool = False) -> None:
        self.advice = advice
        self.queries = queries
        self.database: Identity | None = None
        self.on_scratch: ScratchUsed | None = None
        self.finished: RehearsalFinished | None = None
        self.files: dict[str, FileOnPage] = {}

    def take(self, event: RehearsalEvent) -> None:
        """Add an event."""
        match event:
            case ScratchUsed():
                self.on_scratch = event
            case StatementFinished(name=name):
                file = self._file(name)
                self._drop_quiet(file)
                file.statements.append(StatementOnPage(event))
            case LocksTaken(name=name, locks=locks):
                self._last(name).locks += locks
            case RelationsRewritten(name=name, relations=relations, sizes=sizes):
                self._last(name).rewritten += relations
                self._last(name).sizes += sizes
            case WorkDone(name=name):
                self._last(name).work.append(event)
            case BatchRehearsed(name=name):
                self._last(name).batch = event
            case FileRehearsed(name=name) | FileLeftOut(name=name) | FileFailed(name=name):
                file = self._file(name)
                self._drop_quiet(file)
                file.end = event
            case RehearsalFinished():
                self.finished = event

    def message(self, advice: Advice) -> str:
        """What is advised, as far as the page may say it."""
        return advice.message if self.queries else advice.without_query

    def advice_on(self, name: str | None) -> Iterable[Advice]:
        """The advice on a file; with None that on none."""
        return (one for one in self.advice if one.file == name)

    def _file(self, name: str) -> FileOnPage:
        return self.files.setdefault(name, FileOnPage(name))

    def _last(self, name: str) -> StatementOnPage:
        return self._file(name).statements[-1]

    def _drop_quiet(self, file: FileOnPage) -> None:
        if file.statements and file.statements[-1].is_quiet:
            file.statements.pop()
            file.quiet += 1
