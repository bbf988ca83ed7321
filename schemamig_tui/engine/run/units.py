"""The statements of a file without a transaction, cut where they commit."""

from collections.abc import Iterator

from schemamig_tui.engine.script.script import Kind, Script

_LAST = (Kind.COMMIT, Kind.ROLLBACK)


def unit_at(script: Script, start: int, *, whole_chains: bool = False) -> range:
    """The statements from ``start`` on that commit together.

    A transaction ends at a COMMIT AND CHAIN too, unless all that it goes on with is wanted. That is
    so where it is read-only: the next one is that as well, so no checkpoint can be between them.
    """
    chained = start > 0 and script.kind(start - 1) is Kind.CHAIN
    if script.kind(start) is not Kind.BEGIN and not chained:
        return range(start, start + 1)
    chain = range(start, _behind(script, start, _LAST))
    if whole_chains or any(script.traits(i).read_only for i in chain):
        return chain
    return range(start, _behind(script, start, (*_LAST, Kind.CHAIN)))


def units(script: Script, start: int) -> Iterator[range]:
    """All the units from ``start`` on."""
    while start < len(script):
        unit = unit_at(script, start)
        yield unit
        start = unit.stop


def _behind(script: Script, start: int, ends: tuple[Kind, ...]) -> int:
    """The number behind the first statement that ends a transaction."""
    return 1 + next((i for i in range(start, len(script)) if script.kind(i) in ends), start)
