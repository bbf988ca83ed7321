"""Divides the statements of a file without a transaction into units that commit together."""

from collections.abc import Iterator

from schemamig_tui.engine.script.script import Kind, Script

_LAST = (Kind.COMMIT, Kind.ROLLBACK)


def unit_at(script: Script, start: int, *, whole_chains: bool = False) -> range:
    """The statements from ``start`` on that commit together.

    A unit ends at a COMMIT AND CHAIN too, unless ``whole_chains`` are wanted. They are where the
    transaction is read-only: the next one in the chain is that as well, so no checkpoint can be
    written between them.
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
    """The number of the statement behind the first one that ends a transaction."""
    return 1 + next((i for i in range(start, len(script)) if script.kind(i) in ends), start)
