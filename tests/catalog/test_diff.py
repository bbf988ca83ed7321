"""What holds for any two schemas, and how changes are put into lines."""

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemamig_tui.catalog.changes import Change, Line, What
from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.objects import Object, Schema
from schemamig_tui.catalog.render import render, text
from tests.catalog.conftest import Rehearsal, lines

OPPOSITE = {What.ADDED: What.DROPPED, What.DROPPED: What.ADDED}

_names = st.sampled_from(["a", "b", '"we ird"', "c"])
_comments = st.none() | st.text(max_size=5)


def _object(**fields: Any) -> Object:
    """An object whose facts are those of the fields that are none of its own."""
    facts = {
        name: fields.pop(name)
        for name in ("type", "_null", "default", "_definition")
        if name in fields
    }
    return Object(labels=tuple(facts), values=tuple(facts.values()), **fields)


def _few(objects: st.SearchStrategy[Object]) -> st.SearchStrategy[tuple[Object, ...]]:
    unique = (lambda one: one.name, lambda one: one.oid)
    return st.lists(objects, unique_by=unique, max_size=3).map(tuple)


_columns = _few(
    st.builds(
        _object,
        kind=st.just("column"),
        name=_names,
        oid=st.integers(1, 5),
        type=st.sampled_from(["integer", "text"]),
        _null=st.sampled_from([None, "not null"]),
        default=st.sampled_from([None, "0"]),
        comment=_comments,
    )
)
_constraints = _few(
    st.builds(
        _object,
        kind=st.just("constraint"),
        name=_names,
        oid=st.integers(1, 5),
        _definition=_names,
    )
)
_tables = st.builds(
    _object,
    kind=st.sampled_from(["table", "view"]),
    namespace=st.just("public"),
    name=_names.map("public.{}".format),
    oid=st.integers(1, 5),
    parts=st.tuples(_columns, _constraints),
    grants=st.sampled_from([(), ("SELECT to app",)]),
)
_schemas = st.builds(
    Schema,
    database=st.sampled_from(["one", "two"]),
    objects=_few(_tables).map(lambda tables: {"relations": tables}),
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
    def unordered(schema: Schema) -> dict[str, Object]:
        return {
            table.name: replace(
                table,
                parts=tuple(
                    tuple(sorted(parts, key=lambda part: part.name)) for parts in table.parts
                ),
            )
            for table in schema.objects["relations"]
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
