"""Each single change that our diff of two schemas knows is found in the file, and nothing else."""

from dataclasses import replace

import pytest

from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.kinds import KINDS, Scope
from schemamig_tui.catalog.objects import Object, Schema
from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.docs.compare import differences
from schemamig_tui.docs.from_catalog import document, read_schema
from schemamig_tui.docs.parser import parse
from tests.catalog.like_pg_dump import IN_PLACE, given, run
from tests.catalog.single_changes import (
    functions,
    operators,
    outside,
    schemas,
    table_parts,
    tables,
    types,
)
from tests.catalog.single_changes import views_and_sequences as views
from tests.conftest import Database
from tests.docs.conftest import Accepted

_OF_ROLES = ("default privileges", "privileges", "user mappings", "subscriptions")
_WITHIN_SCHEMAS = (tables, table_parts, types, views, functions, operators)
_GROUPS = {
    "within schemas": [case for module in _WITHIN_SCHEMAS for case in module.CASES],
    "outside of schemas": outside.CASES,
    "schemas": schemas.CASES,
}


@pytest.mark.parametrize("group", _GROUPS)
def test_each_kind_of_change_is_found_and_nothing_else(
    server: Embedded, database: Database, accepted: Accepted, group: str
) -> None:
    with database.connect(options=IN_PLACE) as conn, given(conn, _GROUPS[group]) as cases:
        before = snapshot(conn)
        for schema, case in cases.items():
            run(conn, schema, case.change)
        after = snapshot(conn)
        old, new = document(before, "test"), document(read_schema(conn), "test")
        assert new == document(after, "test")  # no kind of object is missing
        file, new_file = map(parse, accepted(old, new))
        assert (file, new_file) == (old, new)
        assert not differences(file, old)
        found = differences(file, new)
    shown = [f"{one.where} {one.what} {one.file} {one.database}" for one in found]
    changes = [
        f"{change.name} {change.parent} {change.was}"
        for change in diff(_documented(before), _documented(after))
    ]
    known = [word for schema, case in cases.items() for word in (schema, *case.also)]
    assert not [line for line in shown if not any(word in line for word in known)]
    for schema, case in cases.items():
        words = (schema, *case.also)
        ours = any(word in line for word in words for line in shown)
        theirs = any(word in line for word in words for line in changes)
        assert ours == theirs, (str(case), shown, changes)


def _documented(schema: Schema) -> Schema:
    """Without what belongs to roles."""
    return replace(
        schema,
        objects={
            kind: tuple(map(_without_roles, objects))
            for kind, objects in schema.objects.items()
            if KINDS[kind].scope is Scope.SCHEMA and kind not in _OF_ROLES
        },
    )


def _without_roles(one: Object) -> Object:
    parts = tuple(tuple(map(_without_roles, found)) for found in one.parts)
    values = tuple(
        None if label == "owner may not" else value
        for label, value in zip(one.labels, one.values, strict=True)
    )
    return replace(one, owner=None, grants=(), usual_grants=(), values=values, parts=parts)
