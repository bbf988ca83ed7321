"""``--docs-generate x.sql``: a dump of the schema that can be loaded, and read in a diff."""

import subprocess
from difflib import ndiff
from pathlib import Path

import pytest
from psycopg import sql

from schemamig_tui.connect import binaries
from schemamig_tui.docs.from_catalog import document, read_schema
from tests.conftest import Database
from tests.headless.conftest import Program

EVERYTHING = Path(__file__).parents[1] / "docs" / "everything.sql"
_WRAPPER = """
CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'me', password 's3cret');
"""


def test_a_dump_loads_and_makes_the_same_schema_and_ledger(
    program: Program, database: Database, psql: Path
) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    program.write("0002_it's.sql", "SELECT 1;")
    assert program("--apply").code == 0
    with database.connect() as conn:
        conn.execute(EVERYTHING.read_text().replace("CREATE SCHEMA kb;", "").encode())
        conn.execute(_WRAPPER)
    counts = "Created schema.sql: 11 tables, 2 enums, 6 foreign keys\n"
    assert program("--docs-generate", "schema.sql").out == counts
    path = program.folder / "schema.sql"
    text = path.read_text()
    for noise in ("Dumped", "restrict", "transaction_timeout", "s3cret", "OWNER TO", "GRANT"):
        assert noise not in text
    with database.connect() as conn:
        conn.execute("CREATE DATABASE reloaded TEMPLATE template0")
        try:
            with database.connect(dbname="reloaded") as new:
                command = [psql, "-qX", "-v", "ON_ERROR_STOP=1", "-f", path, "-d", new.info.dsn]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                rows = sql.SQL("SELECT filename, checksum, success FROM kb.schema_migrations")
                assert new.execute(rows).fetchall() == conn.execute(rows).fetchall()
                assert document(read_schema(new), "x") == document(read_schema(conn), "x")
        finally:
            conn.execute("DROP DATABASE reloaded WITH (FORCE)")


def test_a_new_migration_changes_one_line_and_what_it_has_made(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE t (id int);")
    program("--apply")
    program("--docs-generate", "schema.sql")
    before = (program.folder / "schema.sql").read_text().splitlines()
    assert program("--docs-generate", "schema.sql").out.startswith("Nothing to change")
    program.write("0002_b.sql", "ALTER TABLE t ADD note text;")
    program("--apply")
    assert program("--docs-generate", "schema.sql").out.startswith("Changed schema.sql")
    after = (program.folder / "schema.sql").read_text().splitlines()
    changed = [line for line in ndiff(before, after) if line[0] in "+-"]
    assert changed[:3] == ["-     id integer", "+     id integer,", "+     note text"]
    assert [line[:16] for line in changed[3:]] == ["+ ,('0002_b.sql'"]


def test_of_some_schemas_without_that_of_the_ledger(program: Program, database: Database) -> None:
    program.write("0001_a.sql", 'CREATE SCHEMA "a*"; CREATE TABLE "a*".t (id int);')
    program.write("0002_b.sql", "CREATE SCHEMA ab; CREATE TABLE ab.t (id int);")
    program("--apply")
    assert program("--docs-generate", "x.sql", "--schema", "a*").code == 0
    text = (program.folder / "x.sql").read_text()
    assert 'CREATE TABLE "a*".t' in text
    assert "ab.t" not in text
    assert "schema_migrations" not in text


def test_without_a_pg_dump_that_is_new_enough_it_says_so(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "bin" / "pg_dump"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
    old.chmod(0o755)
    monkeypatch.setattr(binaries, "installed", lambda: iter([old.parent]))
    ended = program("--docs-generate", "x.sql", PATH=str(tmp_path), SCHEMAMIG_PG_BINDIR="")
    assert ended.code == 2
    (error,) = ended.errors
    assert "or newer, and none was found; " in error
    assert "is of version 9\n" in error
    assert "hint: install postgresql-client-" in error
    assert not (program.folder / "x.sql").exists()


def test_a_role_that_may_not_read_all_is_told_what_a_dump_takes(
    program: Program, database: Database
) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    assert program("--apply").code == 0
    with database.connect() as conn:
        conn.execute("CREATE ROLE dumps LOGIN")
        try:
            login = ("--dsn", f"{database.conninfo} user=dumps")
            ended = program("--docs-generate", "x.sql", *login)
            looked = program("--check", *login)
        finally:
            conn.execute("DROP ROLE dumps")
    assert (ended.code, "hint: a dump takes a role that may read all" in ended.err) == (1, True)
    assert "GRANT SELECT ON kb.schema_migrations TO dumps; To apply" in looked.err


def test_a_secret_that_pg_dump_would_show_in_its_arguments_is_refused(
    program: Program, database: Database
) -> None:
    ended = program("--docs-generate", "x.sql", "--dsn", f"{database.conninfo} sslpassword=s3cret")
    assert ended.code == 2
    assert "a dump takes no sslpassword: everybody may read the arguments of pg_dump" in ended.err
    assert "s3cret" not in ended.err


def test_other_files_are_refused(program: Program) -> None:
    ended = program("--docs-generate", "schema.txt")
    assert ended.code == 2
    assert "its name has to end in .dbml, .md or .sql" in ended.err
    assert "name the .dbml file, which says the same" in program("--docs-validate", "x.sql").err
