"""Asks how large the tables of findings are: small ones clear a finding, large ones raise it.

It is asked once for the tables of all findings. What it does not answer changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from schemamig_tui.advice.database import Database
from schemamig_tui.advice.objects import LARGE_BYTES, LARGE_ROWS, find_relations, read_sizes
from schemamig_tui.advice.targets import Use
from schemamig_tui.lint.finding import LintFinding, Severity
from schemamig_tui.lint.rules.rule import Asks
from schemamig_tui.sql.touch import ObjectKind, Touch
from schemamig_tui.sql.words import Name
from schemamig_tui.units import plural, size

_SMALL_BYTES = 10 * 1000**2


@dataclass(frozen=True, slots=True)
class TableSize:
    """How large a table is. ``rows`` is 0 where it was never analyzed, too."""

    rows: int
    bytes: int
    empty: bool

    def __str__(self) -> str:
        rows = [f"about {plural(self.rows, 'row')}"] if self.rows else []
        return ", ".join([*rows, size(self.bytes)])


def table_sizes(
    conn: psycopg.Connection[Any], tables: Sequence[Name]
) -> Mapping[Name, TableSize | None]:
    """The sizes of those that exist; None: it does not. Empty where nothing could be found out.

    ``conn`` is in autocommit mode. Raises psycopg.OperationalError when it is lost.
    """
    if not tables:
        return {}
    database = Database(conn)
    uses = [Use(Touch(ObjectKind.RELATION, name, ""), "", 0) for name in tables]
    try:
        with database.asking():
            found = find_relations(database, uses)
            sizes = read_sizes(database, [oid for one in found for oid in one.relation.family])
    except psycopg.Error:
        if conn.closed:
            raise
        return {}
    if database.unknown:
        return {}
    result: dict[Name, TableSize | None] = dict.fromkeys(tables)
    for one in found:
        own = [sizes[oid] for oid in one.relation.family if oid in sizes]
        whole = TableSize(
            int(sum(part.rows for part in own)),
            sum(part.bytes for part in own),
            all(part.empty for part in own),
        )
        result.update((use.touch.name, whole) for use in one.uses)
    return result


def with_table_state(
    findings: Sequence[LintFinding],
    asks: Mapping[str, Asks],
    sizes: Mapping[Name, TableSize | None],
) -> Iterator[LintFinding]:
    """The findings, each with the state of its table, and more or less severe for that."""
    reported: set[tuple[str, str]] = set()
    for finding in findings:
        asked = asks.get(finding.rule, Asks.NOTHING)
        known = finding.table is not None and finding.table in sizes
        found = sizes[finding.table] if finding.table is not None and known else None
        if asked is Asks.NOTHING:
            yield finding
        elif asked is Asks.EXISTENCE:
            first = (finding.rule, finding.file) not in reported
            if first and not (known and found is None):
                reported.add((finding.rule, finding.file))
                yield finding
        elif found is None:
            if known:
                yield finding._replace(severity=Severity.NOTE, table_state="it does not exist yet")
            elif asked is not Asks.ONLY_WORK:
                yield finding
        elif asked is Asks.ROWS:
            yield _of_rows(finding, found)
        elif asked is not Asks.ONLY_WORK or _is_large(found):
            yield _of_work(finding, found)


def _of_rows(finding: LintFinding, found: TableSize) -> LintFinding:
    if found.empty:
        return finding._replace(severity=Severity.NOTE, table_state="it is empty: fine")
    return finding._replace(table_state=f"it has {found}")


def _of_work(finding: LintFinding, found: TableSize) -> LintFinding:
    if _is_large(found):
        return finding._replace(severity=Severity.ERROR, table_state=f"it is large: {found}")
    if found.bytes <= _SMALL_BYTES:
        return finding._replace(severity=Severity.NOTE, table_state=f"it is small: {found}")
    return finding._replace(table_state=str(found))


def _is_large(found: TableSize) -> bool:
    return found.bytes >= LARGE_BYTES or found.rows >= LARGE_ROWS
