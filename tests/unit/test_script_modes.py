"""How a file has to be run, for every row of the table of modes, and what is said about it."""

import pytest

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.script.script import Kind, ScriptWarning
from tests.unit.scripts import refusal, script_of


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE t (a int);",
        "CREATE INDEX i ON t (a); CREATE UNIQUE INDEX j ON t (a); DROP INDEX i;",
        'CREATE INDEX "concurrently" ON t (a);',
        "CREATE INDEX i ON t (a) /* CONCURRENTLY */;",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v;",
        "ALTER TYPE mood ADD VALUE 'fine';",
        "ALTER TABLE p DETACH PARTITION q; ALTER TABLE p DETACH PARTITION q FINALIZE;",
        "ALTER TABLE t ADD COLUMN concurrently_used int;",
        "ALTER DATABASE d SET work_mem = '1MB'; ALTER DATABASE d RENAME TO tablespace;",
        "ALTER SUBSCRIPTION s OWNER TO u; ALTER SUBSCRIPTION s ENABLE;",
        "ALTER SUBSCRIPTION failover SET (slot_name = none); ALTER SUBSCRIPTION s SET (binary);",
        "REINDEX TABLE t; REINDEX (VERBOSE) INDEX i; REINDEX (CONCURRENTLY false) TABLE t;",
        "CLUSTER t; CLUSTER VERBOSE t; CLUSTER (VERBOSE) t USING i; CLUSTER s.t;",
        "ANALYZE t; COMMENT ON TABLE t IS 'VACUUM';",
        "DISCARD TEMP; DEALLOCATE ALL; PREPARE transaction_of AS SELECT 1;",
        "PREPARE transaction AS SELECT 1;",
        "SELECT 'BEGIN; COMMIT;';",
        "COPY t FROM '/data'; COPY t TO PROGRAM 'cat';",
        "DO $$ BEGIN PERFORM 1; EXCEPTION WHEN others THEN RAISE; END $$;",
        "DO $$ BEGIN -- COMMIT;\n /* ROLLBACK; */ EXECUTE 'COMMIT'; END $$;",
        "DO $$ BEGIN EXECUTE $q$; COMMIT;$q$; END $$;",
        "DO $$ BEGIN UPDATE git SET commit = rollback; SELECT commit; END $$;",
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;",
        "SAVEPOINT a; ROLLBACK TO a; ROLLBACK WORK TO SAVEPOINT a; RELEASE a;",
        "BEGINNING; COMMITTED; ENDE; vacuumed; beginä;",
    ],
)
def test_a_file_that_nothing_forbids_it_runs_in_a_transaction(text: str) -> None:
    assert script_of(text).mode is Mode.TRANSACTION


@pytest.mark.parametrize(
    ("statement", "label"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY"),
        ("create /* a */ unique -- b\n index\nconcurrently i on t(a)", "CREATE INDEX CONCURRENTLY"),
        ("DROP INDEX CONCURRENTLY IF EXISTS i", "DROP INDEX CONCURRENTLY"),
        ("DROP /* /* nested */ */ INDEX CONCURRENTLY i", "DROP INDEX CONCURRENTLY"),
        ("REINDEX TABLE CONCURRENTLY t", "REINDEX CONCURRENTLY"),
        ("REINDEX (CONCURRENTLY) TABLE t", "REINDEX CONCURRENTLY"),
        ("REINDEX (VERBOSE, CONCURRENTLY true) INDEX i", "REINDEX CONCURRENTLY"),
        ("REINDEX SCHEMA s", "REINDEX SCHEMA"),
        ("REINDEX (VERBOSE) DATABASE d", "REINDEX DATABASE"),
        ("REINDEX SYSTEM d", "REINDEX SYSTEM"),
        (
            "ALTER TABLE ONLY p DETACH PARTITION s.q CONCURRENTLY",
            "DETACH PARTITION CONCURRENTLY",
        ),
        ("VACUUM", "VACUUM"),
        ("VACUUM (FULL, ANALYZE) t", "VACUUM"),
        ("CLUSTER", "CLUSTER"),
        ("CLUSTER VERBOSE", "CLUSTER"),
        ("CLUSTER (VERBOSE)", "CLUSTER"),
        ("CREATE DATABASE d", "CREATE DATABASE"),
        ("DROP DATABASE IF EXISTS d", "DROP DATABASE"),
        ("CREATE TABLESPACE s LOCATION '/s'", "CREATE TABLESPACE"),
        ("DROP TABLESPACE s", "DROP TABLESPACE"),
        ('ALTER DATABASE "d" SET TABLESPACE s', "ALTER DATABASE SET TABLESPACE"),
        ("ALTER SYSTEM SET work_mem = '1MB'", "ALTER SYSTEM"),
        ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", "CREATE SUBSCRIPTION"),
        ("DROP SUBSCRIPTION s", "DROP SUBSCRIPTION"),
        ("ALTER SUBSCRIPTION s REFRESH PUBLICATION", "ALTER SUBSCRIPTION REFRESH PUBLICATION"),
        ("ALTER SUBSCRIPTION s ADD PUBLICATION p", "ALTER SUBSCRIPTION ADD PUBLICATION"),
        ("ALTER SUBSCRIPTION s SET (binary, Failover = false)", "ALTER SUBSCRIPTION SET"),
        ('alter subscription s set /* ( */ ( "two_phase" )', "ALTER SUBSCRIPTION SET"),
        ("DISCARD ALL", "DISCARD ALL"),
        ("COMMIT PREPARED 'x'", "COMMIT PREPARED"),
        ("ROLLBACK PREPARED 'x'", "ROLLBACK PREPARED"),
        ("DO $$ BEGIN COMMIT; END $$", "DO with COMMIT"),
        ("DO LANGUAGE 'plpgsql' $$BEGIN ROLLBACK AND CHAIN; END$$", "DO with ROLLBACK"),
        ("DO 'BEGIN LOOP IF true THEN /* x */ COMMIT ; END IF; END LOOP; END'", "DO with COMMIT"),
        (r"DO E'BEGIN\nCOMMIT;\nEND'", "DO with COMMIT"),
        ('DO $$ BEGIN << "a b" >> -- x\n commit; END $$', "DO with COMMIT"),
        (r"DO U&'BEGIN C\004fMMIT; END'", "DO with COMMIT"),
    ],
)  # fmt: skip
def test_a_statement_that_a_transaction_forbids_is_run_by_itself(
    statement: str, label: str
) -> None:
    script = script_of(f"SELECT 1;\n{statement};\nSELECT 2;")
    assert script.mode is Mode.NO_TRANSACTION
    assert script.reason == f"{label} in line 2 cannot run in a transaction"
    assert [script.kind(i) for i in range(3)] == [Kind.ORDINARY, Kind.ALONE, Kind.ORDINARY]


@pytest.mark.parametrize(
    ("begin", "commit"),
    [
        ("BEGIN", "COMMIT"),
        ("begin work", "end"),
        ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE", "COMMIT WORK"),
        ("BEGIN TRANSACTION READ ONLY, READ WRITE", "END TRANSACTION"),
        ("BEGIN /* /* */ */", "COMMIT AND NO CHAIN"),
    ],
)
def test_a_file_may_bring_its_own_transaction(begin: str, commit: str) -> None:
    script = script_of(
        "--\nSET lock_timeout = '1s';\nSELECT pg_catalog.set_config('search_path', '', false) AS a,"
        " set_config('a.b', '1', false);\n"
        f"{begin};\nSAVEPOINT a;\nROLLBACK TO a;\nSET LOCAL work_mem = 1;\n{commit};\n-- end"
    )
    assert script.mode is Mode.OWN_TRANSACTION
    assert script.reason == "it brings its own BEGIN (line 4) and COMMIT (line 8)"
    assert script.begin == 2
    assert script.kind(2) is Kind.BEGIN
    assert script.kind(len(script) - 1) is Kind.COMMIT
    assert script.warnings == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("BEGIN; COMMIT;\nBEGIN; COMMIT", "it has more than one transaction (line 2)"),
        ("BEGIN; SELECT 1;\nCOMMIT AND CHAIN; COMMIT", "it has more than one transaction (line 2)"),
        ("BEGIN;\nBEGIN; COMMIT", "it has more than one transaction (line 2)"),
        ("BEGIN; SELECT 1;\nROLLBACK", "its transaction ends with ROLLBACK in line 2"),
        ("BEGIN; SELECT 1;\nABORT", "its transaction ends with ABORT in line 2"),
        (
            "BEGIN; SELECT 1;\nPREPARE TRANSACTION 'x'",
            "its transaction ends with PREPARE TRANSACTION in line 2",
        ),
        ("SELECT 1;\nCOMMIT;", "COMMIT in line 2 ends no transaction"),
        ("SELECT 1;\nBEGIN; COMMIT", "the statement in line 1 is outside its BEGIN and COMMIT"),
        ("BEGIN; COMMIT;\nSET a.b = 1", "the statement in line 2 is outside its BEGIN and COMMIT"),
        ("RESET a.b; BEGIN; COMMIT", "the statement in line 1 is outside its BEGIN and COMMIT"),
        (
            "SELECT set_config('a.b', '1', false) FROM f(); BEGIN; COMMIT",
            "the statement in line 1 is outside its BEGIN and COMMIT",
        ),
        (
            "SELECT set_config('a.b', '1', true), f(); BEGIN; COMMIT",
            "the statement in line 1 is outside its BEGIN and COMMIT",
        ),
        (
            "SELECT set_config('a.b', (SELECT f()), true); BEGIN; COMMIT",
            "the statement in line 1 is outside its BEGIN and COMMIT",
        ),
        ("BEGIN; COMMIT;\nVACUUM;", "the statement in line 2 is outside its BEGIN and COMMIT"),
        ("\nBEGIN READ ONLY; COMMIT", "BEGIN in line 2 makes a transaction read-only"),
        (
            "START TRANSACTION READ WRITE, READ ONLY; COMMIT",
            "BEGIN in line 1 makes a transaction read-only",
        ),
        (
            "BEGIN;\nSET TRANSACTION READ ONLY; COMMIT",
            "SET TRANSACTION in line 2 makes a transaction read-only",
        ),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; BEGIN; COMMIT",
            "SET SESSION CHARACTERISTICS in line 1 makes a transaction read-only",
        ),
        (
            "SET default_transaction_read_only = 'on'; BEGIN; COMMIT",
            "SET in line 1 makes a transaction read-only",
        ),
        (
            "BEGIN; SELECT set_config('transaction_read_only', 'on', true); COMMIT",
            "set_config in line 1 makes a transaction read-only",
        ),
        ("SET TRANSACTION READ ONLY", "SET TRANSACTION in line 1 makes a transaction read-only"),
        (
            "SET transaction_read_only = on",
            "SET TRANSACTION in line 1 makes a transaction read-only",
        ),
    ],
)
def test_a_file_whose_row_cannot_be_in_its_transaction_runs_as_it_is_written(
    text: str, reason: str
) -> None:
    script = script_of(text)
    assert (script.mode, script.reason) == (Mode.NO_TRANSACTION, reason)


def test_a_transaction_that_goes_on_after_commit_is_not_ended() -> None:
    script = script_of("BEGIN; COMMIT AND CHAIN; COMMIT; BEGIN; ROLLBACK WORK AND CHAIN; END;")
    assert [script.kind(i) for i in (1, 4)] == [Kind.CHAIN, Kind.ORDINARY]


@pytest.mark.parametrize(
    "line",
    [
        "-- schemamig: no-transaction",
        "--schemamig:no-transaction",
        "\ufeff--  SCHEMAMIG:  No-Transaction  \r",
    ],
)
def test_the_directive_in_the_first_line_asks_for_no_transaction(line: str) -> None:
    script = script_of(f"{line}\nCREATE TABLE t (a int);")
    assert script.mode is Mode.NO_TRANSACTION
    assert script.reason == "the directive in its first line says so"


def test_a_directive_elsewhere_is_refused() -> None:
    error = refusal("-- a\n-- schemamig: no-transaction\nSELECT 1;")
    assert (error.line, error.message) == (2, "This directive counts in the first line only.")


def test_a_directive_that_is_not_known_is_refused() -> None:
    error = refusal("-- schemamig: no_transaction\nSELECT 1;")
    assert error.message == "This directive is not known: -- schemamig: no_transaction"
    assert error.hint is not None
    assert error.hint.startswith("There are no-transaction, out-of-order, requires FILE, repeat")


@pytest.mark.parametrize(
    "text", ["SELECT 1;\nBEGIN; SELECT 2", "\nBEGIN; BEGIN;", "COMMIT;\nBEGIN; COMMIT AND CHAIN"]
)
def test_a_transaction_that_is_left_open_is_refused(text: str) -> None:
    error = refusal(text)
    assert error.line == 2
    assert "psql would roll it back" in error.message
    assert error.hint == "Add COMMIT at the end, or remove BEGIN."


@pytest.mark.parametrize(
    ("statement", "label", "what"),
    [
        ("SET LOCAL work_mem = '1MB'", "SET LOCAL", "ignore"),
        ("SELECT set_config('work_mem', '1MB', true)", "set_config", "ignore"),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET TRANSACTION", "ignore"),
        ("SET transaction_isolation = serializable", "SET TRANSACTION", "ignore"),
        ("SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS", "ignore"),
        ("LOCK TABLE t", "LOCK", "refuse"),
        ("SAVEPOINT a", "SAVEPOINT", "refuse"),
        ("ROLLBACK TO a", "ROLLBACK TO", "refuse"),
    ],
)
def test_what_needs_a_transaction_gets_one_with_a_warning(
    statement: str, label: str, what: str
) -> None:
    assert script_of(f"SET lock_timeout = 0;\n{statement};").warnings == (
        ScriptWarning(
            2, f"{label} works here, where the whole file is one transaction; psql would {what} it."
        ),
    )
    assert script_of(f"BEGIN;\n{statement};\nCOMMIT;").warnings == ()


def test_what_its_own_transaction_forbids_is_warned_of() -> None:
    script = script_of("BEGIN;\nVACUUM;\nCOMMIT;")
    assert script.mode is Mode.OWN_TRANSACTION
    assert script.warnings == (
        ScriptWarning(2, "VACUUM cannot run in a transaction: the server will refuse it."),
    )


@pytest.mark.parametrize("text", ["", "\ufeff", "\r\n", "-- nothing\n", "/* */ ;; \n"])
def test_a_file_without_a_statement_is_warned_of(text: str) -> None:
    script = script_of(text)
    assert (len(script), script.mode) == (0, Mode.TRANSACTION)
    assert script.warnings == (
        ScriptWarning(1, "There is no statement in this file: nothing will be run."),
    )


DIRECTIVE = "-- schemamig: no-transaction\n"


@pytest.mark.parametrize(
    ("statement", "label"),
    [
        ("LOCK TABLE t IN ACCESS EXCLUSIVE MODE", "LOCK"),
        ("SAVEPOINT a", "SAVEPOINT"),
        ("RELEASE a", "RELEASE"),
        ("ROLLBACK WORK TO SAVEPOINT a", "ROLLBACK TO"),
        ("DECLARE c CURSOR FOR SELECT 1", "DECLARE"),
        ("DECLARE c BINARY SCROLL CURSOR WITHOUT HOLD FOR SELECT ' with hold '", "DECLARE"),
        ("COMMIT AND CHAIN; COMMIT", "COMMIT AND CHAIN"),
        ("ROLLBACK AND CHAIN", "ROLLBACK AND CHAIN"),
    ],
)
@pytest.mark.parametrize("before", [DIRECTIVE, "VACUUM;\n", "BEGIN; COMMIT; BEGIN; ROLLBACK;\n"])
def test_what_the_server_refuses_outside_of_a_transaction_is_refused_before(
    statement: str, label: str, before: str
) -> None:
    error = refusal(f"{before}\n {statement};")
    assert error.message == (
        f"{label} needs a transaction, and this file is run without one: psql would fail here."
    )
    assert (error.line, error.column) == (3, 2)
    assert error.hint is not None
    assert "BEGIN" in error.hint


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_a_transaction_that_no_statement_has_begun_is_not_chained_to_ours(end: str) -> None:
    error = refusal(f"SELECT 1;\n {end} AND CHAIN;")
    assert error.message.startswith(f"{end} AND CHAIN needs a transaction, and this file is run")
    assert (error.line, error.column) == (2, 2)


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN; LOCK TABLE t; SAVEPOINT a; ROLLBACK TO a; RELEASE a; COMMIT;",
        "BEGIN; COMMIT AND CHAIN; LOCK t; ROLLBACK AND CHAIN; DECLARE c CURSOR FOR SELECT 1; END;",
        "BEGIN; BEGIN; LOCK TABLE t; ABORT;",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1;",
        'DECLARE "cursor" BINARY INSENSITIVE NO SCROLL CURSOR WITH HOLD FOR SELECT 1;',
    ],
)
def test_inside_of_a_transaction_of_the_file_they_are_not(text: str) -> None:
    assert script_of(DIRECTIVE + text).mode is Mode.NO_TRANSACTION


def test_what_one_of_several_transactions_forbids_is_warned_of() -> None:
    script = script_of("VACUUM;\nBEGIN;\nVACUUM;\nCOMMIT;\nVACUUM;")
    assert [warning.line for warning in script.warnings] == [3]


def test_an_own_transaction_without_a_statement_is_warned_of() -> None:
    script = script_of("-- to be written\nSET lock_timeout = '1s';\nBEGIN;\n\nCOMMIT;\n")
    assert script.mode is Mode.OWN_TRANSACTION
    assert script.warnings == (
        ScriptWarning(3, "There is no statement between BEGIN and COMMIT: nothing will be run."),
    )
