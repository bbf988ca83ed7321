"""Makes questions to the database: are the rows such that a statement can succeed?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from schemamig_tui.advice.alterations import needs_rows_without_null
from schemamig_tui.advice.catalog import PARTITIONED, Catalog, ColumnFacts, Constraint, Relation
from schemamig_tui.advice.fitting import unfit
from schemamig_tui.advice.progress import steps
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.actions import Does, TableAction
from schemamig_tui.sql.expressions import calls, identifiers
from schemamig_tui.sql.lexer import words_of
from schemamig_tui.sql.type_names import type_name

_WRITES = ("COPY", "DELETE", "INSERT", "MERGE", "TRUNCATE", "UPDATE")
_WITH_ROWS = ("r", "p")
_RESHAPING = (Does.ADD_COLUMN, Does.DROP_COLUMN, Does.SET_TYPE)


@dataclass(frozen=True, slots=True)
class Claim:
    """No row of ``table`` may be among ``bad``, or the statement of ``use`` fails.

    ``bad`` is what stands behind ``SELECT count(*)``, ``listing`` the query that shows the rows,
    both as SQL; ``phrase`` says what is wrong with one of them, and with several, and ``what`` they
    are, up to the name of the table. ``writer`` is the first pending statement in front of it that
    writes to the table. ``by_scan``: the statement does no more with the table than the question.
    """

    use: Use
    table: Relation
    bad: str
    listing: str
    phrase: tuple[str, str]
    what: tuple[str, str] = ("row of", "rows of")
    writer: Use | None = None
    by_scan: bool = True


def claims(numbered: Iterable[tuple[int, Use]], catalog: Catalog) -> Iterator[Claim]:
    """The claims of the uses; see ``effects``."""
    written: dict[int, Use] = {}
    labels: dict[str, tuple[str, ...]] | None = {}
    changed: defaultdict[int, set[str | None]] = defaultdict(set)
    empty: defaultdict[int, set[str | None]] = defaultdict(set)
    for number, use, table, ahead in steps(numbered, catalog):
        touch = use.touch
        if touch.statement == "ALTER TYPE" and touch.becomes is None:
            labels = None  # of which enum it has changed one, renames may hide
        elif touch.labels is not None and labels is not None:
            labels[touch.name.name] = touch.labels
        if table is None or table.kind not in _WITH_ROWS or number in catalog.idle:
            continue
        if not ahead.new_children.isdisjoint(
            (table.oid, *(d.oid for d in ahead.descendants(table.oid)))
        ):
            continue  # the database would count the rows of other children
        if touch.statement in _WRITES:
            for one in (table.oid, *table.parents, *(d.oid for d in ahead.descendants(table.oid))):
                written.setdefault(one, use)
                empty[one].clear()
        added = [action for action in touch.actions if action.does is Does.ADD_COLUMN]
        empty[table.oid].difference_update(action.column for action in added)
        empty[table.oid].update(
            action.column
            for action in added
            if changed[table.oid].isdisjoint((action.column, None))
            and not ahead.is_there(action, table.oid)
            and _stays_empty(action, ahead)
        )
        changed[table.oid].update(
            action.column
            for action in touch.actions
            if (action.does in _RESHAPING or (action.does is Does.CHANGE and action.becomes))
            and not action.new
            and not ahead.is_there(action, table.oid)
        )
        made = _Claims(use, table, ahead, changed[table.oid], empty[table.oid])
        for claim in _of(use, made, labels):
            yield replace(claim, writer=written.get(table.oid))


def _stays_empty(action: TableAction, catalog: Catalog) -> bool:
    """Whether no row has a value in a new column: not even the default of its type."""
    type_ = catalog.types.get(type_name(action.type) or "")
    return not action.defaulted and type_ is not None and not type_.defaulted


def _of(use: Use, made: "_Claims", labels: Mapping[str, Sequence[str]] | None) -> Iterator[Claim]:
    if use.touch.unique:
        yield from made.no_duplicates(use.touch.unique)
    for action in use.touch.actions:
        if action.does is Does.SET_TYPE:
            yield from made.values_fit(action, labels)
        else:
            yield from made.of_constraint(action)


class _Claims:
    """Makes the claims of one statement about one table.

    ``changed`` are its columns that are not there yet, or not as they will be; None: any may be.
    ``empty`` are new ones in which no row has a value.
    """

    def __init__(
        self,
        use: Use,
        table: Relation,
        catalog: Catalog,
        changed: Set[str | None],
        empty: Set[str | None],
    ) -> None:
        self._use, self._table, self._catalog = use, table, catalog
        self._changed, self._empty = changed, empty
        self._source = f"FROM {'ONLY ' * use.touch.only}{table.name}"
        self._own_rows = f"FROM {_of_key(table)}"

    def values_fit(
        self, action: TableAction, labels: Mapping[str, Sequence[str]] | None
    ) -> Iterator[Claim]:
        """That all values of a column fit its new type; ``labels`` are as for ``unfit``."""
        column = self._column(self._table, action.column or "")
        wrong = unfit(self._catalog, column, action, labels) if column else None
        if column and wrong:
            rest = f"a value of {column.name} that does not fit {action.written_type}"
            yield self._claim(wrong, (f"has {rest}", f"have {rest}"), by_scan=False)

    def _claim(self, where: str | None, phrase: tuple[str, str], *, by_scan: bool = True) -> Claim:
        """That there is no row where that is so; None: no row at all."""
        bad = f"{self._source} WHERE {where}" if where else self._source
        return Claim(self._use, self._table, bad, f"SELECT * {bad}", phrase, by_scan=by_scan)

    def of_constraint(self, action: TableAction) -> Iterator[Claim]:
        """What a constraint claims that is added or validated."""
        does = action.does
        if does is Does.VALIDATE:
            yield from self._validated(action)
        elif action.trusted or self._catalog.is_there(action, self._table.oid):
            return
        elif does is Does.SET_NOT_NULL:
            if action.column in self._empty:
                phrase = f"would have no {action.column}"
                yield self._claim(None, (phrase, phrase), by_scan=False)
            elif not action.new and needs_rows_without_null(
                action.column, self._table, self._catalog
            ):
                yield from self._not_null((action.column or "",))
        elif action.new:
            return
        elif does is Does.ADD_CHECK:
            if self._can_be_tried(action.text or "", action.calls):
                yield self._checked(action.name, action.text or "")
        elif does is Does.ADD_KEY:
            if action.primary:
                yield from self._not_null(action.columns)
            yield from self.no_duplicates(action.columns)
        elif does is Does.ADD_FOREIGN_KEY and (other := self._catalog.relation(action.other)):
            others = self._catalog.referenced(action, other)
            yield from self._no_orphans(action.columns, other, others)

    def _can_be_tried(self, condition: str, called: Set[str] | None) -> bool:
        """Whether a CHECK is about columns as they are, and calls nothing that may do more."""
        names = identifiers(condition)
        return (
            None not in self._changed
            and self._changed.isdisjoint(names)
            and all(self._catalog.volatile.get(name) is False for name in called or ())
        )

    def no_duplicates(self, names: Sequence[str]) -> Iterator[Claim]:
        """That no values of these columns occur twice."""
        columns = self._quoted(self._table, names)
        if not columns:
            return
        keys = ", ".join(columns)
        there = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        grouped = f"{self._own_rows} WHERE {there} GROUP BY {keys} HAVING count(*) > 1"
        several = f"({', '.join(names)})" if names[1:] else names[0]
        yield Claim(
            self._use,
            self._table,
            f"FROM (SELECT {grouped}) twice",
            f"SELECT {keys}, count(*) {grouped}",
            ("occurs more than once", "occur more than once"),
            (f"value of {several} in", f"values of {several} in"),
            by_scan=False,
        )

    def _not_null(self, names: Sequence[str]) -> Iterator[Claim]:
        for name in names:
            column = self._column(self._table, name)
            if column and not column.not_null:
                yield self._claim(f"{column.quoted} IS NULL", (f"has no {name}", f"have no {name}"))

    def _checked(self, name: str | None, condition: str) -> Claim:
        check = f"the CHECK {name}" if name else f"CHECK ({condition})"
        return self._claim(f"NOT ({condition})", (f"violates {check}", f"violate {check}"))

    def _no_orphans(
        self, names: Sequence[str], other: Relation, others: Sequence[str]
    ) -> Iterator[Claim]:
        columns, ends = self._quoted(self._table, names), self._quoted(other, others)
        if not columns or len(columns) != len(ends) or other.kind not in _WITH_ROWS:
            return
        there = " AND ".join(f"a.{column} IS NOT NULL" for column in columns)
        same = " AND ".join(f"b.{e} = a.{c}" for c, e in zip(columns, ends, strict=True))
        bad = f"{self._own_rows} a WHERE {there} AND NOT EXISTS"
        bad += f" (SELECT FROM {_of_key(other)} b WHERE {same})"
        rest = f"no row of {other.name}"
        phrase = (f"refers to {rest}", f"refer to {rest}")
        yield Claim(self._use, self._table, bad, f"SELECT a.* {bad}", phrase)

    def _validated(self, action: TableAction) -> Iterator[Claim]:
        for one in self._catalog.constraints[self._table.oid]:
            if one.name == action.name and not one.validated:
                yield from self._of_existing(one)

    def _of_existing(self, one: Constraint) -> Iterator[Claim]:
        other = self._catalog.relations.get(one.other)
        if one.kind == "c":
            called = None if one.oid else calls(words_of(one.condition.encode()))
            if one.oid or self._can_be_tried(one.condition, called):
                yield self._checked(one.name, one.condition)
        elif one.kind == "n":
            yield from self._not_null(one.columns)
        elif one.kind == "f" and other:
            yield from self._no_orphans(one.columns, other, one.others)

    def _column(self, table: Relation, name: str) -> ColumnFacts | None:
        return self._catalog.columns.get((table.oid, name))

    def _quoted(self, table: Relation, names: Sequence[str]) -> list[str]:
        """The columns as SQL; none if one of them is not there, or is not known any more."""
        found = [self._column(table, name) for name in names]
        known = [column.quoted for column in found if column]
        return known if len(known) == len(found) else []


def _of_key(table: Relation) -> str:
    """The table as SQL, with its partitions but without other children, whose rows no key is about.

    See https://www.postgresql.org/docs/current/ddl-inherit.html#DDL-INHERIT-CAVEATS
    """
    return table.name if table.kind in PARTITIONED else f"ONLY {table.name}"
