"""What a dry run says of the rows, for people and as events, and how long it may ask."""

from tests.conftest import Database
from tests.headless.conftest import Program


def test_rows_in_the_way_are_told_with_the_query_that_lists_them(
    program: Program, database: Database
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE t (id int, owner int); INSERT INTO t VALUES (1), (2)")
    program.write("0001_a.sql", "ALTER TABLE t\n  ALTER owner SET NOT NULL;")
    text = "2 rows of public.t have no owner: this will fail."
    assert (
        f"  warning: 0001_a.sql:1: {text}\n"
        "      They are listed by: SELECT * FROM public.t WHERE owner IS NULL;\n"
    ) in program("--dry-run").out
    events = program("--dry-run", "--json", "--advice-timeout", "1min").events
    (event,) = (e for e in events if e["event"] == "advice" and e["severity"] == "warning")
    assert (event["message"], event["name"], event["line"]) == (text, "0001_a.sql", 1)
    with database.connect() as conn:
        conn.execute(
            "CREATE FUNCTION slow(int) RETURNS bool STABLE LANGUAGE plpgsql"
            " AS 'BEGIN PERFORM pg_sleep(60); RETURN true; END'"
        )
    program.write("0001_a.sql", "ALTER TABLE t ADD CHECK (slow(id));")
    out = program("--dry-run", "--advice-timeout", "300ms").out
    assert "Nothing could be found out about the rows of public.t: canceling statement" in out
