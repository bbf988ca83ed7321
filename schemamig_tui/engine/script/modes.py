"""Decides how a file has to be run, from the traits of its statements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.script.cutter import Cutter
from schemamig_tui.engine.script.new_values import needs_commit
from schemamig_tui.engine.script.places import Lines, fault
from schemamig_tui.sql import directives
from schemamig_tui.sql.dialect import Dialect
from schemamig_tui.sql.traits import ORDINARY, Kind, Traits


@dataclass(frozen=True, slots=True, order=True)
class ScriptWarning:
    """A warning about a file: something in it is allowed, but may not be what was meant."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The mode of a file, the reason for it, and the warnings.

    ``begin`` is the number of the BEGIN of a file with its own transaction, else 0. ``ignored`` are
    the statements that have no effect because no transaction is open there.
    """

    mode: Mode
    reason: str
    begin: int
    ignored: frozenset[int]
    warnings: tuple[ScriptWarning, ...]


@dataclass
class _Flow:
    """Where the transactions of a file begin and end, as the server will see it.

    The fields hold numbers of statements. ``open`` is the BEGIN of the transaction that is open.
    ``stray`` ones end a transaction where none is open, ``nested`` ones begin one where one is
    open; ``outside`` ones need a transaction and have none, ``inside`` ones are in one and cannot
    be.
    """

    begins: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    stray: list[int] = field(default_factory=list)
    nested: list[int] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)
    inside: list[int] = field(default_factory=list)
    open: int | None = None

    def add(self, i: int, traits: Traits) -> None:
        """Follow the next statement that has traits."""
        if traits.outside and self.open is None:
            self.outside.append(i)
        if traits.kind is Kind.ALONE and self.open is not None:
            self.inside.append(i)
        if traits.kind is Kind.BEGIN:
            self.begins.append(i)
            if self.open is None:
                self.open = i
            else:
                self.nested.append(i)
        elif traits.kind in (Kind.COMMIT, Kind.ROLLBACK):
            self.ends.append(i)
            if self.open is None:
                self.stray.append(i)
            self.open = None
        elif traits.chained:
            self.ends.append(i)
            if self.open is not None:
                self.begins.append(i)
                self.open = i


_LOCAL = {"SELECT": ("set_config", "statement")}


def decide(cut: Cutter, lines: Lines, dialect: Dialect) -> Decision:
    """How the file has to be run. ``lines`` are those of the file.

    Raises FilesError for a file that leaves a transaction open, and for a statement that the server
    will refuse because it stands outside of any.
    """
    return _Decider(cut, lines, dialect).decide()


def in_block(traits: Mapping[int, Traits], i: int) -> bool:
    """Whether statement ``i`` is in a transaction of the file's own."""
    return next(islice(in_blocks(traits), i, None))


def in_blocks(traits: Mapping[int, Traits]) -> Iterator[bool]:
    """The same for one statement after the other, without an end."""
    flow = _Flow()
    for i in count():
        yield flow.open is not None
        if found := traits.get(i):
            flow.add(i, found)


class _Decider:
    def __init__(self, cut: Cutter, lines: Lines, dialect: Dialect) -> None:
        self._cut = cut
        self._lines = lines
        self._dialect = dialect
        self._flow = _Flow()
        for i, traits in cut.traits.items():
            self._flow.add(i, traits)

    def decide(self) -> Decision:
        """See ``decide``."""
        cut, flow = self._cut, self._flow
        if flow.open is not None:
            raise fault(
                cut.source,
                cut.starts[flow.open],
                "The transaction that begins here is never ended: "
                "psql would roll it back at the end of the file, without an error.",
                hint="Add COMMIT at the end, or remove BEGIN.",
            )
        mode, reason = self._mode()
        if mode is Mode.NO_TRANSACTION:
            self._refuse_outside()
        warnings = [*self._remarks(mode), *self._surprises(mode)]
        return Decision(
            mode,
            reason,
            begin=flow.begins[0] if mode is Mode.OWN_TRANSACTION else 0,
            ignored=frozenset(() if mode is Mode.TRANSACTION else flow.outside),
            warnings=tuple(sorted(warnings)),
        )

    def _line(self, i: int) -> int:
        return self._lines.line(self._cut.starts[i])

    # -- the mode

    def _mode(self) -> tuple[Mode, str]:
        cut, flow = self._cut, self._flow
        if cut.comments.no_transaction:
            return Mode.NO_TRANSACTION, self._asked(*cut.comments.no_transaction)
        if cut.comments.batches:
            return Mode.NO_TRANSACTION, self._batches()
        if why_not := self._why_not_own():
            return Mode.NO_TRANSACTION, why_not
        if not flow.begins:
            if why_not := needs_commit(cut, self._lines, self._dialect):
                return Mode.NO_TRANSACTION, why_not
            return Mode.TRANSACTION, "nothing in it needs to be outside of one"
        begin, commit = self._line(flow.begins[0]), self._line(flow.ends[0])
        reason = f"it brings its own BEGIN (line {begin}) and COMMIT (line {commit})"
        return Mode.OWN_TRANSACTION, reason

    def _batches(self) -> str:
        """Why a file with a statement in batches needs no transaction. Raises FilesError."""
        cut = self._cut
        for i, (line, *_) in cut.comments.batches.items():
            if in_block(cut.traits, i):
                raise fault(
                    cut.source,
                    line.offset,
                    f"The {line.word} stands in the file's own BEGIN ... COMMIT; but it commits"
                    " after every batch.",
                    hint="Put COMMIT in front of it, and BEGIN behind its statement.",
                )
        i, (line, *_) = next(iter(cut.comments.batches.items()))
        where = self._lines.line(line.offset)
        return f"the {line.word} in line {where} commits after every batch"

    def _asked(self, offset: int, directive: directives.Directive) -> str:
        if directive is directives.OURS:
            return "the directive in its first line says so"
        where = f"line {self._lines.line(offset)}"
        return f"{directive.tool}'s directive in {where} says so: {directive.text}"

    def _why_not_own(self) -> str | None:
        """Why the file and its row can be together in no transaction, ours or its own."""
        cut, flow = self._cut, self._flow
        for i, found in cut.traits.items():
            if found.kind is Kind.ALONE and not flow.begins:
                return f"{found.label} in line {self._line(i)} cannot run in a transaction"
            if found.read_only:
                return f"{found.label} in line {self._line(i)} makes a transaction read-only"
        if not flow.begins and not flow.ends:
            return None
        if not flow.begins:
            end = flow.ends[0]
            return f"{cut.traits[end].label} in line {self._line(end)} ends no transaction"
        if len(flow.begins) > 1 or len(flow.ends) > 1:
            second = flow.begins[1] if flow.begins[1:] else flow.ends[1]
            return f"it has more than one transaction (line {self._line(second)})"
        begin, end = flow.begins[0], flow.ends[0]
        if cut.traits[end].kind is Kind.ROLLBACK:
            label = cut.traits[end].label
            return f"its transaction ends with {label} in line {self._line(end)}"
        if cut.settings_on_top == begin and end == len(cut.starts) - 1:
            return None
        outside = cut.settings_on_top if cut.settings_on_top < begin else end + 1
        return f"the statement in line {self._line(outside)} is outside its BEGIN and COMMIT"

    # -- what is refused, and what is warned of

    def _refuse_outside(self) -> None:
        """Refuse what the server refuses where no transaction is open, before anything runs.

        A SET LOCAL without effect is refused as well where the file was read as if it had an
        effect.
        """
        cut = self._cut
        for i in self._flow.outside:
            found = cut.traits[i]
            if found.outside == "refuse":
                raise fault(
                    cut.source,
                    cut.starts[i],
                    f"{found.label} needs a transaction, and this file is run without one:"
                    " psql would fail here.",
                    hint="Put BEGIN in front of it, and COMMIT behind the statements it is for.",
                )
            if found.assigns and found.assigns.decides_reading:
                raise fault(
                    cut.source,
                    cut.starts[i],
                    f"{found.label} {found.assigns.name} has no effect here, as no transaction is"
                    " open.",
                    hint="Use SET, or remove it.",
                )

    def _remarks(self, mode: Mode) -> Iterator[ScriptWarning]:
        cut = self._cut
        if not cut.starts:
            yield ScriptWarning(1, "There is no statement in this file: nothing will be run.")
        elif mode is Mode.OWN_TRANSACTION and cut.settings_on_top == len(cut.starts) - 2:
            nothing = "There is no statement between BEGIN and COMMIT: nothing will be run."
            yield ScriptWarning(self._line(self._flow.begins[0]), nothing)
        for offset, remark in (*cut.remarks, *cut.comments.remarks):
            yield ScriptWarning(self._lines.line(offset), remark)

    def _surprises(self, mode: Mode) -> Iterator[ScriptWarning]:
        """Warnings of statements that work otherwise than in psql, do nothing, or cannot work."""
        traits, flow = self._cut.traits, self._flow
        numbers = range(len(self._cut.starts))
        query = next((i for i in numbers if traits.get(i, ORDINARY).is_query), len(numbers))
        for i in flow.outside:
            label, what = traits[i].label, traits[i].outside
            if mode is Mode.TRANSACTION and traits[i].comes_first and i > query:
                message = (
                    f"{label} comes too late, behind other statements: the server will refuse it,"
                    f" where psql would {what} it."
                )
            elif mode is Mode.TRANSACTION:
                message = (
                    f"{label} works here, where the whole file is one transaction; "
                    f"psql would {what} it."
                )
            else:
                message = f"{label} has no effect here: no transaction is open."
            yield ScriptWarning(self._line(i), message)
        for i, found in traits.items() if mode is Mode.TRANSACTION else ():
            if found.sets_locally and i != numbers[-1]:
                setter, end = _LOCAL.get(found.label, ("the DO block", "block"))
                message = (
                    f"What {setter} sets locally holds to the end of the file here, where the whole"
                    f" file is one transaction; psql would end it with the {end}."
                )
                yield ScriptWarning(self._line(i), message)
            if found.sets_later_modes and i != numbers[-1]:
                message = (
                    f"{found.label} sets how later transactions begin, and here the whole file is"
                    " one that has begun; psql would begin each statement behind it so."
                    " SET TRANSACTION at the top sets the modes of this one."
                )
                yield ScriptWarning(self._line(i), message)
        for i in flow.stray:
            message = f"{traits[i].label} ends no transaction: none is open here."
            yield ScriptWarning(self._line(i), message)
        for i in flow.nested:
            yield ScriptWarning(self._line(i), "BEGIN begins nothing: a transaction is open here.")
        for i in flow.inside:
            message = f"{traits[i].label} cannot run in a transaction: the server will refuse it."
            yield ScriptWarning(self._line(i), message)
