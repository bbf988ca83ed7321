"""How a file has to be run, decided from what its statements mean."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.script.cutter import Cutter
from schemamig_tui.engine.script.places import fault, newlines
from schemamig_tui.sql.traits import Kind, Traits


@dataclass(frozen=True, slots=True, order=True)
class ScriptWarning:
    """Something about a file that is allowed, but may not be what was meant."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The mode of a file, why it is that, and what to warn of.

    ``begin`` is the number of the BEGIN of a file with its own transaction, else 0.
    """

    mode: Mode
    reason: str
    begin: int
    warnings: tuple[ScriptWarning, ...]


def decide(cut: Cutter, line: Callable[[int], int]) -> Decision:
    """How the file has to be run. ``line`` tells the line of a statement.

    Raises FilesError for a file that leaves a transaction open.
    """
    flow = _Flow(cut.traits)
    if flow.open is not None:
        raise fault(
            cut.source,
            cut.starts[flow.open],
            "The transaction that begins here is never ended: "
            "psql would roll it back at the end of the file, without an error.",
            hint="Add COMMIT at the end, or remove BEGIN.",
        )
    if cut.directive:
        mode, reason = Mode.NO_TRANSACTION, "the directive in its first line says so"
    elif why_not := _why_not_own(cut, flow, line):
        mode, reason = Mode.NO_TRANSACTION, why_not
    elif flow.begins:
        mode = Mode.OWN_TRANSACTION
        begin, commit = line(flow.begins[0]), line(flow.ends[0])
        reason = f"it brings its own BEGIN (line {begin}) and COMMIT (line {commit})"
    else:
        mode, reason = Mode.TRANSACTION, "nothing in it needs to be outside of one"
    return Decision(
        mode,
        reason,
        begin=flow.begins[0] if mode is Mode.OWN_TRANSACTION else 0,
        warnings=tuple(sorted([*_remarks(cut), *_surprises(cut, mode, line)])),
    )


class _Flow:
    """Where the transactions of a file begin and end, as the server will see it."""

    def __init__(self, traits: dict[int, Traits]) -> None:
        self.begins: list[int] = []
        self.ends: list[int] = []
        self.open: int | None = None
        for i, found in traits.items():
            if found.kind is Kind.BEGIN:
                self.begins.append(i)
                if self.open is None:
                    self.open = i
            elif found.kind in (Kind.COMMIT, Kind.ROLLBACK):
                self.ends.append(i)
                self.open = None
            elif found.chained:
                self.begins.append(i)
                self.ends.append(i)
                self.open = i


def _why_not_own(cut: Cutter, flow: _Flow, line: Callable[[int], int]) -> str | None:
    """Why neither we can put the file in a transaction, nor the row in its own one."""
    for i, found in cut.traits.items():
        if found.kind is Kind.ALONE and not flow.begins:
            return f"{found.label} in line {line(i)} cannot run in a transaction"
        if found.read_only:
            return f"{found.label} in line {line(i)} makes a transaction read-only"
    if not flow.begins and not flow.ends:
        return None
    if not flow.begins:
        end = flow.ends[0]
        return f"{cut.traits[end].label} in line {line(end)} ends no transaction"
    if len(flow.begins) > 1 or len(flow.ends) > 1:
        second = flow.begins[1] if flow.begins[1:] else flow.ends[1]
        return f"it has more than one transaction (line {line(second)})"
    begin, end = flow.begins[0], flow.ends[0]
    if cut.traits[end].kind is Kind.ROLLBACK:
        return f"its transaction ends with {cut.traits[end].label} in line {line(end)}"
    if cut.settings_on_top == begin and end == len(cut.starts) - 1:
        return None
    outside = cut.settings_on_top if cut.settings_on_top < begin else end + 1
    return f"the statement in line {line(outside)} is outside its BEGIN and COMMIT"


def _remarks(cut: Cutter) -> list[ScriptWarning]:
    if not cut.starts:
        return [ScriptWarning(1, "There is no statement in this file: nothing will be run.")]
    return [
        ScriptWarning(1 + newlines(cut.source, 0, offset), remark) for offset, remark in cut.remarks
    ]


def _surprises(cut: Cutter, mode: Mode, line: Callable[[int], int]) -> Iterator[ScriptWarning]:
    """What does something else than in psql, or cannot work."""
    for i, found in cut.traits.items():
        if mode is Mode.TRANSACTION and found.outside:
            yield ScriptWarning(
                line(i),
                f"{found.label} works here, where the whole file is one transaction; "
                f"psql would {found.outside} it.",
            )
        if mode is Mode.OWN_TRANSACTION and found.kind is Kind.ALONE:
            yield ScriptWarning(
                line(i), f"{found.label} cannot run in a transaction: the server will refuse it."
            )
