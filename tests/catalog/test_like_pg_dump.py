"""What pg_dump shows of a change, our diff shows, and nothing else."""

import pytest

from schemamig_tui.connect.embedded import Embedded
from tests.catalog.like_pg_dump import Seen, observe
from tests.catalog.single_changes import (
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
    seen = observe(server, database, GROUPS[group])
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
