"""What a block or a query sets locally outlasts it where the whole file is one transaction."""

import pytest

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.script.script import ScriptWarning
from tests.unit.scripts import script_of

WARNING = ScriptWarning(
    2,
    "What the DO block sets locally holds to the end of the file here, where the whole file is one"
    " transaction; psql would end it with the block.",
)


@pytest.mark.parametrize(
    "code",
    [
        "BEGIN SET LOCAL lock_timeout = '1s'; END",
        "BEGIN\n  IF true THEN set /* soon */ local role app; END IF; END",
        "BEGIN PERFORM 1; EXECUTE format('SET LOCAL search_path = %I', s); END",
        "BEGIN PERFORM pg_catalog.set_config('app.x', concat('a', 'b'), TRUE); END",
    ],
)
def test_it_is_warned_of_where_something_stands_behind_it(code: str) -> None:
    block = f"SET lock_timeout = 0;\nDO $$ {code} $$;"
    assert script_of(f"{block} SELECT 1;").warnings == (WARNING,)
    assert script_of(block).warnings == ()
    assert script_of(f"BEGIN;\n{block} SELECT 1; COMMIT;").warnings == ()
    apart = script_of(f"{block} VACUUM;")
    assert (apart.mode, apart.warnings) == (Mode.NO_TRANSACTION, ())


@pytest.mark.parametrize(
    "code",
    [
        "BEGIN SET lock_timeout = '1s'; END",
        "BEGIN UPDATE t SET local = 1; END",
        "BEGIN -- SET LOCAL a = 1\n RAISE NOTICE 'no SET LOCAL here'; END",
        "BEGIN PERFORM set_config('app.x', 'a', false), f(1, true); END",
    ],
)
def test_what_a_block_sets_for_the_session_is_as_in_psql(code: str) -> None:
    assert script_of(f"DO $$ {code} $$; SELECT 1;").warnings == ()


def test_so_does_what_a_query_sets_beside_something_else() -> None:
    query = "SELECT 1, set_config('app.x', 'a', /* local */ true);"
    (warning,) = script_of(f"{query} SELECT 1;").warnings
    assert warning.message == WARNING.message.replace("the DO block", "set_config").replace(
        "the block", "the statement"
    )
    assert script_of(query).warnings == ()
    assert script_of(f"{query} VACUUM;").warnings == ()
