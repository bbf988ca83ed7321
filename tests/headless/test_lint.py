"""``--lint`` as its users meet it."""

from tests.conftest import Database
from tests.headless.conftest import Program

HEAD = (
    "-- Migration: a sample, of 2025-10-19\nSET lock_timeout = '5s'; SET statement_timeout = 0;\n"
)


def severities(program: Program, *flags: str) -> dict[str, str]:
    """The severity of each finding, by rule."""
    return {
        event["rule"]: event["severity"]
        for event in program("--lint", "--json", *flags).events
        if event["event"] == "lint_finding"
    }


def test_findings_are_shown_with_their_lines_and_the_safer_way(program: Program) -> None:
    program.write(
        "0001_a.sql", HEAD + "CREATE ROLE r PASSWORD 'hunter2';\nDROP TABLE IF EXISTS t;\n"
    )
    ended = program("--lint")
    assert ended.code == 5
    assert ended.out.splitlines()[:2] == [
        "0001_a.sql",
        "  line 3: error: this looks like a password [secret-literal]",
    ]
    assert "  line 4: note: t and its rows are gone for good (it does not exist yet)" in ended.out
    assert ended.out.endswith("\n1 file: 1 error, 1 note\n")
    assert "hunter2" not in ended.out + ended.err


def test_the_database_raises_and_clears(program: Program, database: Database) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE empty (a int); CREATE TABLE small (a int);")
        conn.execute("CREATE TABLE large (a int); INSERT INTO small VALUES (1);")
        conn.execute("INSERT INTO large SELECT FROM generate_series(1, 20)")
        conn.execute("ANALYZE large")
        conn.execute("UPDATE pg_class SET reltuples = 2e6 WHERE relname = 'large'")
    program.write("0001_a.sql", HEAD + "CREATE INDEX i ON small (a);")
    assert severities(program)["index-not-concurrently"] == "note"
    program.write("0001_a.sql", HEAD + "CREATE INDEX i ON large (a);")
    assert severities(program)["index-not-concurrently"] == "error"
    program.write("0001_a.sql", HEAD + "UPDATE large SET a = 1 WHERE a = 2;")
    assert severities(program) == {"large-data-change": "error"}
    program.write("0001_a.sql", HEAD + "UPDATE small SET a = 1 WHERE a = 2;")
    assert severities(program) == {}
    program.write("0001_a.sql", HEAD + "DROP TABLE empty;")
    assert severities(program) == {"drop-table": "note"}
    program.write("0001_a.sql", HEAD + "DROP TABLE small;")
    assert severities(program) == {"drop-table": "warning"}


def test_the_level_and_each_rule_can_be_set(program: Program) -> None:
    program.write("0001_a.sql", HEAD + "DROP SCHEMA s;\n")
    assert [program("--lint", "--lint-level", level).code for level in ("error", "warning")] == [
        0,
        5,
    ]
    settings = program.folder / "schemamig.toml"
    settings.write_text('[rules]\ndrop-schema = "error"\n')
    assert severities(program) == {"drop-schema": "error"}
    settings.write_text('[rules]\ndrop-schema = "off"\n')
    assert severities(program) == {}
    settings.write_text('[rules]\ndrop-schema = "never"\n')
    ended = program("--lint")
    assert (ended.code, "off, note, warning, error" in ended.err) == (2, True)


def test_only_what_is_pending_is_looked_at(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    assert program("--apply").code == 0
    program.write("0002_b.sql", HEAD)
    assert program("--lint").out == "1 file: no findings\n"
    program.write("0003_c.sql", "SELECT 'open;")
    ended = program("--lint")
    assert (ended.code, len(ended.errors)) == (2, 1)
