"""What pg_dump shows of a change, our diff shows, and nothing else."""

from functools import partial

import pytest

from schemamig_tui.connect.embedded import Embedded
from tests.catalog.like_pg_dump import Seen, observe, observe_in_turn, pg_dump, pg_dumpall
from tests.catalog.single_changes import (
    around,
    functions,
    operators,
    outside,
    schemas,
    table_parts,
    tables,
    types,
    views_and_sequences,
)
from tests.conftest import Database

GROUPS = {
    "tables": tables.CASES,
    "table parts": table_parts.CASES,
    "views and sequences": views_and_sequences.CASES,
    "types": types.CASES,
    "functions": functions.CASES,
    "operators": operators.CASES,
    "outside": outside.CASES,
    "schemas": schemas.CASES,
}


@pytest.mark.parametrize("group", GROUPS)
def test_what_pg_dump_shows_is_in_the_diff_and_nothing_else(
    server: Embedded, database: Database, group: str
) -> None:
    _assert_alike(observe(server, database, GROUPS[group]))


def test_the_database_and_its_settings_are_shown_as_pg_dump_does(
    server: Embedded, database: Database
) -> None:
    dump = partial(pg_dump, server, database, "--create")
    _assert_alike(observe_in_turn(server, database, around.DATABASE, dump))


def test_what_belongs_to_the_cluster_is_shown_as_pg_dumpall_does(
    server: Embedded, database: Database
) -> None:
    dump = partial(pg_dumpall, server)
    _assert_alike(observe_in_turn(server, database, around.CLUSTER, dump))


def _assert_alike(seen: list[Seen]) -> None:
    wrong = list(filter(None, map(_complaint, seen)))
    assert not wrong, "\n\n".join([f"{len(wrong)} of {len(seen)} are wrong", *wrong])


def _complaint(seen: Seen) -> str | None:
    case = seen.case
    if case.shown and seen.shown not in seen.diff:
        problem = f"the diff does not have {seen.shown!r}"
    elif not case.shown and seen.diff and not case.unlike:
        problem = "the diff shows something"
    elif bool(seen.dumped) == bool(seen.diff) and case.unlike:
        problem = "pg_dump and the diff are alike, contrary to what is said"
    elif bool(seen.dumped) != bool(seen.diff) and not case.unlike:
        problem = f"pg_dump shows {'something' if seen.dumped else 'nothing'}"
    else:
        return None
    dumped = "\n".join(seen.dumped)
    return f"{case}: {problem}\n--- diff\n{seen.diff}--- pg_dump\n{dumped}"
