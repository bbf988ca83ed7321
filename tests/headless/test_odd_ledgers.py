"""A ledger of another tool, or one that has been through something: said, never guessed."""

from tests.conftest import Database
from tests.headless.conftest import Program

LOOSE = """
CREATE SCHEMA kb;
CREATE TABLE kb.schema_migrations (id serial PRIMARY KEY, filename text UNIQUE,
    applied_at timestamp, checksum text, execution_time_ms integer, success boolean,
    error_message text);
INSERT INTO kb.schema_migrations (filename, applied_at, success) VALUES
    ('0001_a.sql', '20000-01-01 12:00', true), ('0002_b.sql', '0044-03-15 BC', true),
    ('0003_c.sql', 'infinity', true), ('0004_d.sql', NULL, true),
    (E'0005\x1b[31m', '2025-10-18 19:30:15', NULL);
"""
PENDING = "0006_e.sql"


def loose(program: Program, database: Database) -> None:
    """A row of every odd kind, and a pending file."""
    with database.connect() as conn:
        conn.execute(LOOSE)
    for name in ("0001_a.sql", "0002_b.sql", "0003_c.sql", "0004_d.sql", PENDING):
        program.write(name, "CREATE TABLE nothing ();")


def test_odd_rows_are_listed_as_what_they_are(program: Program, database: Database) -> None:
    loose(program, database)
    ended = program("--list")
    assert ended.code == 0
    assert (
        ended.out
        == r"""Applied Migrations:
  ✓ 0001_a.sql (20000-01-01 12:00:00)
  ✓ 0002_b.sql (0044-03-15 00:00:00 BC)
  ✓ 0003_c.sql (infinity)
  ✓ 0004_d.sql (at a time unknown)

Unknown Migrations:
  ? 0005\x1B[31m (2025-10-18 19:30:15)  its file is missing
      the ledger does not say whether it was applied: its success is NULL

Pending Migrations:
  • 0006_e.sql

Total: 4 applied, 1 pending, 1 unknown, 1 missing
"""
    )
    events = program("--list", "--json").events
    moments = {event["name"]: event["applied_at"] for event in events if "applied_at" in event}
    assert moments == {
        "0001_a.sql": "20000-01-01 12:00:00",
        "0002_b.sql": "0044-03-15 00:00:00 BC",
        "0003_c.sql": "infinity",
        "0004_d.sql": None,
        "0005\x1b[31m": "2025-10-18T19:30:15",
        PENDING: None,
    }
    assert [event["state"] for event in events if event.get("name", "").startswith("0005")] == [
        "unknown"
    ]
    assert program("--check").code == 5


def test_the_ends_of_time_are_shown_in_any_time_zone(program: Program, database: Database) -> None:
    with database.connect() as conn:
        conn.execute(LOOSE)
        conn.execute(
            "TRUNCATE kb.schema_migrations;"
            "ALTER TABLE kb.schema_migrations ALTER applied_at TYPE timestamptz;"
            "INSERT INTO kb.schema_migrations (filename, applied_at, success) VALUES"
            " ('a', '294276-12-31 23:59+00', true), ('b', '4714-11-24 00:00+00 BC', true),"
            " ('c', '0001-01-01 00:00+00', true), ('d', '2025-06-01 12:00:00.5+00', true)"
        )
        conn.execute(f"ALTER DATABASE {database.name} SET timezone = 'Europe/Amsterdam'")
    program.write(PENDING, "SELECT 1;")
    shown = [line for line in program("--list").out.splitlines() if "missing" in line]
    assert [line[line.index("(") + 1 : line.index(")")] for line in shown[:4]] == [
        "294277-01-01 00:59:00",
        "4714-11-24 00:17:30 BC",
        "0001-01-01 00:17:30",
        "2025-06-01 14:00:00",
    ]


def test_nothing_runs_before_a_row_in_doubt_is_settled(
    program: Program, database: Database
) -> None:
    loose(program, database)
    for mode in ("--apply", "--dry-run", "--rehearse"):
        ended = program(mode)
        assert ended.code == 2
        assert "does not say whether 0005\\x1B[31m was applied" in ended.err
        assert "hint: find out, and UPDATE kb.schema_migrations SET success = true" in ended.err
    with database.connect() as conn:
        conn.execute("UPDATE kb.schema_migrations SET success = true WHERE success IS NULL")
    assert program("--apply").code == 0


def test_a_server_that_takes_no_writes_has_nothing_to_do(
    program: Program, database: Database
) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    assert program("--apply").code == 0
    with database.connect() as conn:
        conn.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    ended = program("--apply")
    assert (ended.code, ended.out) == (
        0,
        "Nothing to do: no migration is pending (1 migration applied).\n",
    )
    program.write("0002_b.sql", "SELECT 1;")
    ended = program("--apply")
    assert ended.code == 2
    assert "takes no writes" in ended.err


def test_line_ends_are_no_change_also_where_they_were_mixed(program: Program) -> None:
    path = program.write("0001_a.sql", "")
    for now in (
        b"create table a (a int);\r\ncreate table b (a int);\n",
        b"create table a (a int);\ncreate table b (a int);\n",
        b"create table a (a int);\r\ncreate table b (a int);\r\n",
        b"create table a (a int);\ncreate table b (a int);\r\n",
    ):
        path.write_bytes(now)
        assert program("--apply").code == 0
        assert program("--check").code == 0
    path.write_bytes(now + b"\n")
    assert program("--check").code == 5
