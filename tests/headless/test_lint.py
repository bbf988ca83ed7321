"""``--lint`` as its users meet it."""

import pytest

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
        "  error: line 3: this looks like a password [secret-literal]",
    ]
    assert "  note: line 4: t and its rows are gone for good (it does not exist yet)" in ended.out
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


def test_nobody_waits_for_a_table_that_does_not_exist_yet(
    program: Program, database: Database
) -> None:
    def lines() -> list[int]:
        return [
            event["line"]
            for event in program("--lint", "--json").events
            if event.get("rule") == "missing-lock-timeout"
        ]

    trigger = "CREATE TRIGGER t AFTER INSERT ON {} EXECUTE FUNCTION f();\n"
    program.write("0001_a.sql", "".join(map(trigger.format, ("new", "old", "older"))))
    assert lines() == []
    with database.connect() as conn:
        conn.execute("CREATE TABLE old (a int); CREATE TABLE older (a int)")
    assert lines() == [2]


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


def test_a_rule_that_a_setting_cannot_mean_is_told(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.write("0001_a.sql", "SELECT 1;\n")
    right = 'drop-table = "error"\nban-drop-view = "off"\nsyntax-error = "off"\n'
    settings = program.folder / "schemamig.toml"
    settings.write_text(f"[rules]\n{right}")
    assert "[rules]" not in program("--lint").err
    settings.write_text(
        f'[rules]\n{right}drop-tabel = "off"\nban-drop-views = "off"\n"Y, n" = "off"\n'
        'ban-drop-table = "off"\nbad-allow = "off"\n'
    )
    told = [
        "ban-drop-table has no effect: of squawk's rules, this one is left to ours",
        "bad-allow has no effect: no setting changes this rule",
        "drop-tabel is no rule. Did you mean drop-table?",
        "ban-drop-views is no rule.",
        "Y, n is no rule.",
    ]
    for mode in ("--lint", "--dry-run"):
        found = [line for line in program(mode).err.splitlines() if "[rules]" in line]
        assert found == [f"warning: schemamig.toml: [rules] {one}" for one in told]
    monkeypatch.setattr("schemamig_tui.lint.squawk._find", lambda: None)
    found = [line for line in program("--lint").err.splitlines() if "[rules]" in line]
    assert found[2:] == [
        "warning: schemamig.toml: [rules] drop-tabel is no rule of ours. Did you mean drop-table?"
    ]


def test_only_what_is_pending_is_looked_at(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    assert program("--apply").code == 0
    program.write("0002_b.sql", HEAD)
    assert program("--lint").out == "1 file: no findings\n"
    program.write("0003_c.sql", "SELECT 'open;")
    ended = program("--lint")
    assert (ended.code, len(ended.errors)) == (2, 1)


def test_the_dry_run_shows_what_is_more_than_a_note_below_its_file(program: Program) -> None:
    program.write("0001_a.sql", HEAD + "DROP SCHEMA s;\nSELECT 'AKIAIOSFODNN7EXAMPLE';\n")
    program.write("0002_b.sql", "SELECT 1;")
    lines = program("--dry-run").out.splitlines()
    assert lines[4:7] == [
        "      warning: line 3: DROP SCHEMA takes away all that is in it [drop-schema]",
        "      error: line 4: this looks like an access key of AWS [secret-literal]",
        "  • 0002_b.sql",
    ]
    assert program("--dry-run", "--lint-error").code == 5


def test_an_apply_is_refused_only_if_that_is_asked_for(program: Program) -> None:
    program.write("0001_a.sql", HEAD + "SELECT 'AKIAIOSFODNN7EXAMPLE';\n")
    ended = program("--apply", "--lint-error")
    assert ended.code == 5
    assert "error: nothing is run, as 1 finding is at the level error or above" in ended.err
    assert program("--list").out.endswith("0 applied, 1 pending\n")
    allow = "-- schemamig: allow secret-literal: the example of a manual\n"
    program.write("0001_a.sql", HEAD + allow + "SELECT 'AKIAIOSFODNN7EXAMPLE';\n")
    assert program("--apply", "--lint-error").code == 0
    program.write("0002_b.sql", HEAD + "SELECT 'AKIAIOSFODNN7EXAMPLE';\n")
    assert program("--apply").code == 0


def test_a_rule_is_explained_without_a_database_or_migrations(program: Program) -> None:
    ended = program("--explain", "drop-table")
    assert ended.code == 0
    assert "\nUnsafe\n\n    DROP TABLE orders CASCADE;\n" in ended.out
    (explained,) = program("--explain", "drop-table", "--json").events
    assert explained["page"].startswith("drop-table\n")
    for rule in ("ban-drop-view", "prefer-text-field", "ban-drop-table"):
        ended = program("--explain", rule)
        assert (ended.code, f"https://squawkhq.com/docs/{rule}" in ended.out) == (0, True)
    ended = program("--explain", "drop-tabel")
    assert (ended.code, "Did you mean drop-table?" in ended.err) == (2, True)
