"""``--rehearse --scratch``: nothing is locked in the database, whose sizes it tells."""

import json
import time
from pathlib import Path

import pytest

from schemamig_tui.connect.embedded import Embedded
from tests.conftest import Database
from tests.headless.conftest import Ended, Program, scratch_databases

_TABLE = "CREATE TABLE documents (id int PRIMARY KEY, body text);"
_WIDER = (
    "ALTER TABLE documents ALTER id TYPE bigint;\nALTER TABLE documents ALTER body SET NOT NULL;"
)


@pytest.fixture
def documents(program: Program, database: Database) -> Program:
    """A program with a table of 1,000 rows, and a pending file that writes it anew."""
    program.write("0001_a.sql", _TABLE)
    assert program("--apply").code == 0
    with database.connect() as conn:
        rows = "SELECT n, repeat('x', 100) FROM generate_series(1, 1000) n"
        conn.execute(f"INSERT INTO documents {rows}; ANALYZE documents".encode())
    program.write("0002_b.sql", _WIDER)
    return program


def test_it_tells_what_the_database_has_and_no_times(documents: Program, scratch: Path) -> None:
    ended = documents("--rehearse", "--scratch")
    assert ended.code == 0
    where, _, _, *lines = ended.out.splitlines()
    assert where.startswith("On PostgreSQL ")
    made = where.removesuffix(" (remembered)")
    assert made.endswith("(embedded), with the schema that 1 applied migration makes")
    size = lines[3].partition("public.documents, ")[2]
    assert size.endswith(" kB there")
    assert lines == [
        "  Rehearsing: 0002_b.sql",
        "    line 1: ALTER TABLE",
        "      lock: AccessExclusiveLock on table public.documents, blocks reads, writes, DDL",
        f"      rewritten: table public.documents, {size}",
        "    line 2: ALTER TABLE",
        f"      scanned: table public.documents, 1,000 rows, {size.removesuffix(' there')}",
        "    ~ table public.documents",
        "        ~ column id: type integer -> bigint",
        "        ~ column body: nullable -> not null",
        "  ✓ Rehearsed, with ACCESS EXCLUSIVE",
        "",
        "Rehearsal Summary",
        "  Success: 1",
        f"  Blocks reads and writes of table public.documents, {size}: 0002_b.sql",
        f"  Rewrites table public.documents, {size}",
    ]
    assert "not how long anything takes" in ended.err
    events = documents("--rehearse", "--scratch", "--json").events
    (used,) = (one for one in events if one["event"] == "scratch_used")
    assert (used["remembered"], used["applied"], used["differences"]) == (True, 1, 0)
    (finished,) = (one for one in events if one["event"] == "rehearsal_finished")
    assert [one["ms"] for one in finished["outages"]] == [None]
    assert [one["rows"] for one in finished["sizes"]] == [1000]


def test_nothing_in_the_database_is_locked_or_waited_for(
    documents: Program, database: Database, server: Embedded, scratch: Path
) -> None:
    documents.write(
        "0003_c.sql", "SELECT pg_sleep(0.5) FROM documents RIGHT JOIN (SELECT) x ON true"
    )
    ours = """
        SELECT a.application_name, l.relation::regclass::text, l.mode
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.locktype IN ('relation', 'advisory') AND pid <> pg_backend_pid()
            AND coalesce(l.relation >= 16384, true) AND a.backend_type = 'client backend'
            -- The ledger is read, as whoever looks does, with its indexes and its long texts.
            AND (l.mode <> 'AccessShareLock' OR NOT EXISTS (
                SELECT FROM pg_class c LEFT JOIN pg_index ON indrelid IN (c.oid, c.reltoastrelid)
                WHERE c.oid = 'kb.schema_migrations'::regclass
                    AND l.relation IN (c.oid, c.reltoastrelid, indexrelid)))
    """
    with database.connect() as holding, database.connect() as looking:
        holding.execute("BEGIN; LOCK documents")
        (held,) = looking.execute(ours).fetchall()
        process = documents.start(
            "--rehearse", "--scratch", "server", "--lock-timeout", "1s", "--json"
        )
        seen = set()
        while process.poll() is None:
            seen |= {*looking.execute(ours).fetchall()}
            time.sleep(0.01)
        out, err = process.communicate()
    assert (process.returncode, seen) == (0, {held}), err
    events = Ended(0, out, err).events
    assert [one["name"] for one in events if one["event"] == "file_rehearsed"] == [
        "0002_b.sql",
        "0003_c.sql",
    ]
    assert scratch_databases(server.conninfo) == []


def test_another_schema_than_that_of_the_database_is_not_passed_over(
    documents: Program, database: Database, scratch: Path
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE INDEX by_hand ON documents (body)")
    report = documents.folder / "report.md"
    ended = documents("--rehearse", "--scratch", "--report", str(report), "--annotations", "github")
    assert ended.code == 0
    words = "The database is not what its migrations make"
    assert f"{words}, and so not what was rehearsed on (1 difference: table public.doc" in ended.err
    assert f"::warning::{words}" in ended.out
    page = report.read_text()
    assert f"**`{words}" in page
    assert "Rewrites `table public.documents`, " in page
    assert "| 1 | `ALTER TABLE` |  | `AccessExclusiveLock" in page
    assert "rolled back after" not in page
    with_json = documents.folder / "report.json"
    assert documents("--rehearse", "--scratch", "--report", str(with_json)).code == 0
    assert json.loads(with_json.read_text())["on_scratch"]["differing"] == [
        "table public.documents"
    ]
    with database.connect() as conn:
        conn.execute("DROP INDEX by_hand")
    assert words not in documents("--rehearse", "--scratch").err


def test_what_a_scratch_cannot_stand_for_is_refused_before_anything_runs(
    documents: Program, server: Embedded, scratch: Path
) -> None:
    documents.write("0003_c.sql", "\nCREATE ROLE nobody_makes_this;")
    refused = documents("--rehearse", "--scratch", "server")
    assert (refused.code, refused.out) == (2, "")
    assert "0003_c.sql, line 2: CREATE ROLE is for the whole server" in refused.err
    on_embedded = documents("--rehearse", "--scratch")
    assert "+ cluster-wide role nobody_makes_this" in on_embedded.out
    documents.write(
        "0003_c.sql",
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect=false)",
    )
    refused = documents("--rehearse", "--scratch")
    assert (refused.code, refused.out) == (2, "")
    assert "with CREATE SUBSCRIPTION a scratch database would subscribe" in refused.err


def test_a_role_that_may_only_read_is_enough(
    documents: Program, database: Database, scratch: Path
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE ROLE peeks LOGIN")
        try:
            conn.execute(
                "GRANT USAGE ON SCHEMA kb TO peeks; GRANT SELECT ON kb.schema_migrations TO peeks"
            )
            reader = f"{database.conninfo} user=peeks"
            ended = documents("--rehearse", "--scratch", SCHEMAMIG_DSN=reader)
            assert ended.code == 0, ended.err
            assert "Rewrites table public.documents" in ended.out
        finally:
            conn.execute("DROP OWNED BY peeks; DROP ROLE peeks")


def test_a_statement_that_wants_rows_says_that_there_are_none(
    documents: Program, scratch: Path
) -> None:
    documents.write(
        "0002_b.sql", "CREATE TABLE r (id int REFERENCES documents);\nINSERT INTO r VALUES (1);"
    )
    ended = documents("--rehearse", "--scratch")
    assert ended.code == 1
    assert "A scratch has no rows but those that migrations make" in ended.err
    assert documents("--rehearse").code == 0


def test_files_that_do_not_run_from_zero_are_no_schema_to_rehearse_on(
    program: Program, database: Database, scratch: Path
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE by_hand (id int)")
    program.write("0001_a.sql", "ALTER TABLE by_hand ADD x int;")
    assert program("--apply").code == 0
    nothing = program("--rehearse", "--scratch")
    assert (nothing.code, nothing.out) == (0, "Nothing to do: no migration is pending.\n")
    program.write("0002_b.sql", "SELECT 1;")
    ended = program("--rehearse", "--scratch")
    assert (ended.code, ended.out) == (1, "")
    assert "0001_a.sql is applied in the database, and does not run on the scratch" in ended.err
    assert 'relation "by_hand" does not exist' in ended.err
    assert "hint: --verify shows how far" in ended.err
