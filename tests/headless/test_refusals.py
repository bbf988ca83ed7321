"""A dry run refuses what an apply would refuse, with the same words and the same exit code."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui.engine.watch.run_lock import Locks
from schemamig_tui.errors import ExitCode
from tests.conftest import Database
from tests.engine.crowd import until
from tests.headless.conftest import Run

COLUMNS = """id serial PRIMARY KEY, filename varchar(255) UNIQUE,
    applied_at timestamp DEFAULT now(), checksum varchar(64), execution_time_ms integer,
    success boolean, error_message text"""
TABLE = f"CREATE SCHEMA kb; CREATE TABLE kb.schema_migrations ({COLUMNS});"
GRANTED = f"""{TABLE} GRANT USAGE ON SCHEMA kb TO {{role}};
    GRANT SELECT, INSERT, UPDATE ON kb.schema_migrations TO {{role}};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA kb TO {{role}};"""

LEDGERS = {
    "no ledger": "SELECT",
    "no ledger, and no right to create its schema": "CREATE ROLE {role} LOGIN",
    "no ledger, and no right to create it in its schema": """
        CREATE ROLE {role} LOGIN; CREATE SCHEMA kb; GRANT USAGE ON SCHEMA kb TO {role}""",
    "no ledger, and no USAGE on its schema": "CREATE ROLE {role} LOGIN; CREATE SCHEMA kb",
    "all rights on the ledger": f"CREATE ROLE {{role}} LOGIN; {GRANTED}",
    "no INSERT": f"""CREATE ROLE {{role}} LOGIN; {GRANTED}
        REVOKE INSERT ON kb.schema_migrations FROM {{role}}""",
    "no UPDATE": f"""CREATE ROLE {{role}} LOGIN; {GRANTED}
        REVOKE UPDATE ON kb.schema_migrations FROM {{role}}""",
    "no SELECT": f"""CREATE ROLE {{role}} LOGIN; {GRANTED}
        REVOKE SELECT ON kb.schema_migrations FROM {{role}}""",
    "no USAGE on the schema": f"""CREATE ROLE {{role}} LOGIN; {GRANTED}
        REVOKE USAGE ON SCHEMA kb FROM {{role}}""",
    "no USAGE on the sequence": f"""CREATE ROLE {{role}} LOGIN; {GRANTED}
        REVOKE USAGE ON ALL SEQUENCES IN SCHEMA kb FROM {{role}}""",
    "another shape": "CREATE SCHEMA kb; CREATE TABLE kb.schema_migrations (id int)",
    "a view": f"{TABLE} ALTER TABLE kb.schema_migrations RENAME TO t;"
    " CREATE VIEW kb.schema_migrations AS TABLE kb.t",
    "unlogged": f"{TABLE} ALTER TABLE kb.schema_migrations SET UNLOGGED",
    "a demanding column": f"{TABLE} ALTER TABLE kb.schema_migrations ADD x int NOT NULL",
    "no unique name": f"{TABLE}"
    " ALTER TABLE kb.schema_migrations DROP CONSTRAINT schema_migrations_filename_key",
    "rules": f"{TABLE} CREATE RULE r AS ON INSERT TO kb.schema_migrations DO INSTEAD NOTHING",
    "hidden rows": f"""CREATE ROLE {{role}} LOGIN; {GRANTED}
        ALTER TABLE kb.schema_migrations ENABLE ROW LEVEL SECURITY""",
    "a success of NULL": f"{TABLE} INSERT INTO kb.schema_migrations (filename) VALUES ('0000_z')",
    "a failed row": f"""{TABLE} INSERT INTO kb.schema_migrations (filename, checksum, success)
        VALUES ('0001_a.sql', 'x', false)""",
    "a database that takes no writes": """
        ALTER DATABASE {database} SET default_transaction_read_only = on""",
    "a role that takes no writes": """CREATE ROLE {role} LOGIN SUPERUSER;
        ALTER ROLE {role} SET default_transaction_read_only = on""",
    "one connection a role": "CREATE ROLE {role} LOGIN SUPERUSER CONNECTION LIMIT 1; " + TABLE,
    "one connection a role that is none of the superusers": f"""
        CREATE ROLE {{role}} LOGIN CONNECTION LIMIT 1; {GRANTED}""",
    "a role that must not log in": "CREATE ROLE {role}",
    "a database that lets nobody in": """CREATE ROLE {role} LOGIN;
        REVOKE CONNECT ON DATABASE {database} FROM PUBLIC""",
}
"""The state of a database, as SQL; the role is the one that logs in where there is such a role."""

FOLDERS = {
    "one file": {"0001_a.sql": "CREATE TABLE public.made_by_us ();"},
    "nothing to do": {"0001_a.sql": ""},
    "files that cannot be run": {"0001_a.sql": "SELECT 1;", "0002_b.sql": "SELECT 'open;"},
    "a file that makes the ledger": {"0001_a.sql": TABLE, "0002_b.sql": "SELECT 1;"},
}

_OTHERS_LEFT = """
    SELECT true WHERE NOT EXISTS (SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid())"""


@dataclass(frozen=True)
class Odd:
    """A database in an odd state, a folder, and the commands for both."""

    folder: Path
    database: Database
    run: Run

    @property
    def untouched(self) -> bool:
        """Whether nothing of the files has been run."""
        with self.database.session() as conn:
            row = conn.execute("SELECT to_regclass('public.made_by_us') IS NULL").fetchone()
        return row == (True,)

    def wait_until_left(self) -> None:
        """Return when the server has ended the sessions of the role, whose number has a limit."""
        with self.database.session() as conn:
            until(lambda: conn.execute(_OTHERS_LEFT).fetchone())


@pytest.fixture
def odd(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Odd]]:
    """Makes a database odd, by the name of the state."""
    role = f"odd_{database.name}"

    def make(state: str) -> Odd:
        with database.session() as conn:
            conn.execute(LEDGERS[state].format(role=role, database=database.name).encode())
            known = conn.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
        login = role if known is not None else "postgres"
        monkeypatch.setenv("SCHEMAMIG_DSN", make_conninfo(database.conninfo, user=login))
        return Odd(Path("migrations"), database, run)

    yield make
    # One that was there before the database took no writes.
    with database.session() as conn, contextlib.suppress(psycopg.errors.UndefinedObject):
        conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.parametrize("files", FOLDERS)
@pytest.mark.parametrize("state", LEDGERS)
def test_a_dry_run_refuses_what_an_apply_would_refuse(
    odd: Callable[[str], Odd], state: str, files: str
) -> None:
    it = odd(state)
    for name, text in FOLDERS[files].items():
        (it.folder / name).write_text(text)
    dry = it.run("--dry-run")
    it.wait_until_left()
    assert it.untouched
    applied = it.run("--apply")
    if applied.errors and it.untouched:
        assert (dry.code, dry.errors[0]) == (applied.code, applied.errors[0])
    else:
        assert (dry.code, dry.errors) == (0, [])
        assert applied.code in (0, 1)


def test_a_ledger_that_is_locked_is_given_up_by_both(
    odd: Callable[[str], Odd], monkeypatch: pytest.MonkeyPatch
) -> None:
    it = odd("all rights on the ledger")
    (it.folder / "0001_a.sql").write_text("SELECT 1;")
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=50ms")
    with it.database.connect() as other, other.transaction():
        other.execute("LOCK TABLE kb.schema_migrations")
        dry, applied = it.run("--dry-run"), it.run("--apply")
    assert (dry.code, dry.errors) == (applied.code, applied.errors)
    assert dry.code == ExitCode.LOCKED


def test_a_file_that_cannot_go_on_is_refused_by_both_and_not_while_another_run_is_at_it(
    odd: Callable[[str], Odd],
) -> None:
    it = odd("no ledger")
    path = it.folder / "0001_a.sql"
    path.write_text("-- schemamig: no-transaction\nSET work_mem = '5MB';\nSELECT 1 / 0;")
    assert it.run("--apply").code == ExitCode.MIGRATION_FAILED
    assert it.run("--dry-run").errors == []
    with it.database.connect() as conn:
        conn.execute(f"ALTER DATABASE {it.database.name} SET work_mem = '6MB'")
    dry, applied = it.run("--dry-run"), it.run("--apply")
    assert (dry.code, dry.errors) == (applied.code, applied.errors)
    assert "a new session starts with other settings now: work_mem" in dry.err
    lock = Locks.of("kb.schema_migrations").run
    with it.database.connect() as another_run:
        for _ in range(1000):  # on the server the session of the apply may still be ending
            if lock.take(another_run):
                break
            time.sleep(0.01)
        else:
            pytest.fail("the lock of the apply is not released")
        assert it.run("--dry-run").errors == []
    assert it.run("--dry-run", "--no-resume").errors == []
