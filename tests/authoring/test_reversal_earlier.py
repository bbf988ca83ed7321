"""What an applied file drops comes back as an earlier file has made it, where that is sure."""

import pytest

from schemamig_tui.authoring.reversal.history import History
from schemamig_tui.sql.inverse.table import inverse
from tests.authoring.conftest import Drafts, statements

_INDEX = "CREATE INDEX i ON t (a)"
_VIEW = "CREATE VIEW v AS SELECT a FROM t"
_FUNCTION = "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'"
_TRIGGER = (
    "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
)


def _definitions(*statements: str) -> list[str]:
    """What makes anew what the last statement drops, each of the others in a file of its own."""
    history = History("public")
    *earlier, drop = statements
    for number, sql in enumerate(map(str.encode, earlier), 1):
        history.note(sql, inverse(sql))
        history.note_created(f"{number}.sql", sql, inverse(sql), as_run=True)
    return [made.sql.decode() for made in history.definitions(inverse(drop.encode()).drops)]


def test_what_earlier_files_have_made_comes_back_as_there(drafts: Drafts) -> None:
    made = [_INDEX, _VIEW, _FUNCTION, _TRIGGER, "CREATE POLICY p ON public.t USING (true)"]
    drafts.write("0001_t.sql", "CREATE TABLE public.t (a int);")
    drafts.write("0002_u.sql", "; ".join(made) + ";")
    drafts.write("0003_v.sql", "ALTER TABLE t ADD b int; GRANT SELECT ON t TO PUBLIC;")
    drafts.write(
        "0004_w.sql",
        "DROP POLICY p ON t; DROP TRIGGER IF EXISTS g ON public.t; DROP FUNCTION f(int);"
        " DROP VIEW v; CREATE VIEW v AS SELECT a, b FROM t; DROP INDEX public.i;",
    )
    drafts.apply()
    rollback = drafts.rollback("0004_w.sql")
    assert (rollback.complete, rollback.trial.as_before) == (True, True)
    assert statements(rollback.path) == (
        f"{_INDEX};\nDROP VIEW v;\n{_VIEW};\n{_FUNCTION};\n{_TRIGGER};\n{made[-1]};"
    )
    assert rollback.path.read_text().count("-- As in 0002_u.sql.") == len(made)


def test_a_file_that_has_changed_since_it_was_applied_tells_no_definition(drafts: Drafts) -> None:
    drafts.write("0001_t.sql", f"CREATE TABLE t (a int); {_INDEX};")
    drafts.write("0002_u.sql", "DROP INDEX i;")
    drafts.apply()
    drafts.write("0001_t.sql", f"CREATE TABLE t (a int); {_INDEX.replace('(a)', '(b)')};")
    draft = drafts.rollback("0002_u.sql").path.read_text()
    assert "-- NOT TAKEN BACK: the definition of the index." in draft


@pytest.mark.parametrize(
    ("made", "drop"),
    [
        (["CREATE TYPE e AS ENUM ('a')"], "DROP TYPE public.e"),
        (["CREATE STATISTICS s ON a, b FROM t"], "DROP STATISTICS s"),
        ([_INDEX, _INDEX.replace("INDEX i", "INDEX public_i")], "DROP INDEX public_i, i"),
        (["CREATE SEQUENCE s"], "DROP SEQUENCE s"),
        (["CREATE FUNCTION f(a Int, OUT b int) LANGUAGE sql AS ''"], "DROP FUNCTION f(int)"),
        (["CREATE PROCEDURE p(VARIADIC a int[]) LANGUAGE sql AS ''"], "DROP PROCEDURE p"),
        (["CREATE INDEX CONCURRENTLY i ON s.t (a)"], "DROP INDEX s.i"),
    ],
)
def test_the_statement_that_made_something_is_its_definition(made: list[str], drop: str) -> None:
    assert _definitions(*made, "ALTER TABLE t ADD c int", drop) == made


@pytest.mark.parametrize(
    ("made", "meanwhile", "drop"),
    [
        (_INDEX, "ALTER TABLE t RENAME a TO z", "DROP INDEX i"),
        (_INDEX, "ALTER TABLE t ALTER a TYPE text", "DROP INDEX i"),
        (_INDEX, "ALTER INDEX public.i SET (fillfactor = 50)", "DROP INDEX i"),
        (_INDEX, "COMMENT ON INDEX i IS 'x'", "DROP INDEX i"),
        (_INDEX, "DROP TABLE t", "DROP INDEX i"),
        (_INDEX, "DO $$ BEGIN EXECUTE 'ALTER INDEX i RESET (x)'; END $$", "DROP INDEX i"),
        (_INDEX, "SET search_path = app", "DROP INDEX i"),
        (_INDEX, "SELECT 1", "DROP INDEX other.i"),
        (_INDEX, "SELECT 1", "DROP INDEX i, j"),
        ("CREATE INDEX IF NOT EXISTS i ON t (a)", "SELECT 1", "DROP INDEX i"),
        (_VIEW, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC", "DROP VIEW v"),
        (_VIEW, _TRIGGER.replace(" t ", " v "), "DROP VIEW v"),
        ("CREATE VIEW v AS SELECT * FROM t", "ALTER TABLE t ADD c int", "DROP VIEW v"),
        ("CREATE VIEW v AS SELECT * FROM w", "CREATE OR REPLACE VIEW w AS SELECT 2", "DROP VIEW v"),
        ("CREATE TYPE e AS ENUM ('a')", "ALTER TYPE e ADD VALUE 'b'", "DROP TYPE e"),
        (_FUNCTION, _FUNCTION.replace("a int", "a text"), "DROP FUNCTION f(int)"),
        (_FUNCTION, "SELECT 1", "DROP FUNCTION f(text)"),
        (_FUNCTION, "SELECT 1", "DROP FUNCTION f()"),
        ("CREATE TABLE u (a int)", "SELECT 1", "DROP TABLE u"),
    ],
)
def test_what_may_be_another_one_since_has_no_definition(
    made: str, meanwhile: str, drop: str
) -> None:
    assert _definitions(made, meanwhile, drop) == []


def test_one_name_with_and_without_its_schema_is_one_table(drafts: Drafts) -> None:
    drafts.write("0001_t.sql", "CREATE TABLE t (a int);")
    drafts.write("0002_u.sql", "CREATE TABLE IF NOT EXISTS public.t (a int);")
    drafts.apply()
    draft = drafts.rollback("0002_u.sql").path
    assert statements(draft) == ""
    assert "-- It was there already: 0001_t.sql has made it." in draft.read_text()


def test_what_cascade_has_dropped_besides_is_said_to_be_missing(drafts: Drafts) -> None:
    drafts.write("0001_t.sql", f"CREATE TABLE t (a int); {_VIEW}; CREATE VIEW w AS TABLE v;")
    drafts.write("0002_u.sql", "DROP VIEW v CASCADE;")
    drafts.apply()
    draft = drafts.rollback("0002_u.sql").path
    assert statements(draft) == f"{_VIEW};"
    assert "-- NOT TAKEN BACK: what CASCADE has dropped besides." in draft.read_text()
