"""What holds for any two schemas, and how changes are put into lines."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from schemamig_tui.catalog.diff import Change, Line, What, diff
from schemamig_tui.catalog.parts import Column, Constraint
from schemamig_tui.catalog.render import render, text
from schemamig_tui.catalog.schema import Relation, Schema
from tests.catalog.conftest import Rehearsal, lines

OPPOSITE = {What.ADDED: What.DROPPED, What.DROPPED: What.ADDED}

_names = st.sampled_from(["a", "b", '"we ird"', "c"])
_comments = st.none() | st.text(max_size=5)
_columns = st.lists(
    st.builds(
        Column,
        name=_names,
        oid=st.integers(1, 5),
        type=st.sampled_from(["integer", "text"]),
        not_null=st.booleans(),
        default=st.sampled_from([None, "0"]),
        comment=_comments,
    ),
    unique_by=(lambda column: column.name, lambda column: column.oid),
    max_size=3,
).map(tuple)
_constraints = st.lists(
    st.builds(Constraint, name=_names, oid=st.integers(1, 5), definition=_names),
    unique_by=(lambda constraint: constraint.name, lambda constraint: constraint.oid),
    max_size=2,
).map(tuple)
_tables = st.builds(
    Relation,
    kind=st.sampled_from(["table", "view"]),
    name=_names.map("public.{}".format),
    oid=st.integers(1, 5),
    columns=_columns,
    constraints=_constraints,
    grants=st.sampled_from([(), ("SELECT to app",)]),
)
_schemas = st.builds(
    Schema,
    database=st.sampled_from(["one", "two"]),
    relations=st.lists(
        _tables, unique_by=(lambda table: table.name, lambda table: table.oid), max_size=4
    ).map(tuple),
)


@given(_schemas)
def test_nothing_differs_from_itself(schema: Schema) -> None:
    assert diff(schema, schema) == ()
    assert diff(replace(schema, database="another"), schema) == ()


@given(_schemas, _schemas)
def test_the_way_back_is_the_opposite(before: Schema, after: Schema) -> None:
    def tally(changes: tuple[Change, ...]) -> Counter[tuple[What, str, str]]:
        return Counter((c.what, c.kind, c.name) for c in changes if c.what in OPPOSITE)

    def renamed(changes: tuple[Change, ...]) -> Counter[tuple[str | None, ...]]:
        return Counter((c.was, c.name) for c in changes if c.what is What.RENAMED)

    there, back = diff(before, after), diff(after, before)
    assert Counter({(OPPOSITE[w], k, n): c for (w, k, n), c in tally(there).items()}) == tally(back)
    assert Counter({(new, old): c for (old, new), c in renamed(there).items()}) == renamed(back)


@given(_schemas, _schemas)
def test_schemas_that_differ_have_changes(before: Schema, after: Schema) -> None:
    # The order of columns is no change: the server has no way to change it.
    def unordered(schema: Schema) -> set[object]:
        return {
            replace(
                table,
                columns=tuple(sorted(table.columns, key=lambda c: c.name)),
                constraints=tuple(sorted(table.constraints, key=lambda c: c.name)),
            )
            for table in schema.relations
        }

    if unordered(before) != unordered(after):
        assert diff(before, after)


@given(_schemas, _schemas)
def test_every_line_is_safe_to_show(before: Schema, after: Schema) -> None:
    assert all(line.text.isprintable() for line in render(diff(before, after)))


def test_names_are_shown_as_sql_writes_them_and_never_let_loose(rehearsal: Rehearsal) -> None:
    assert rehearsal.changes(
        'CREATE TABLE "we ird" ("na""me" int, "[/red]" int, "new\nline" int, "\u202e" int);'
        'COMMENT ON COLUMN "we ird"."[/red]" IS E\'\x1b[31m[bold]\''
    ) == lines(r"""
        + table public."we ird"
            + "na""me" integer
            + "[/red]" integer -- \x1B[31m[bold]
            + "new\nline" integer
            + "\u202E" integer
    """)
    assert rehearsal.changes('ALTER TABLE "we ird" RENAME TO "Tame"') == (
        '~ table public."we ird" renamed to public."Tame"\n'
    )


def test_lines_know_their_sign_and_depth() -> None:
    changes = (
        Change(what=What.DROPPED, kind="index", name="i", parent="table t", summary="(a)"),
        Change(
            what=What.CHANGED,
            kind="column",
            name="a",
            parent="table t",
            details=(Line("+", 0, "default 0"), Line("-", 0, "not null")),
        ),
        Change(what=What.ADDED, kind="schema", name="s"),
    )
    assert render(changes) == (
        Line("~", 0, "table t"),
        Line("-", 1, "index i (a)"),
        Line("~", 1, "column a"),
        Line("+", 2, "default 0"),
        Line("-", 2, "not null"),
        Line("+", 0, "schema s"),
    )
    assert text(render(changes)).splitlines()[:2] == ["~ table t", "    - index i (a)"]
