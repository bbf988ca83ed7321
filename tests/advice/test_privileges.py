"""Rights that will be missing: what is predicted is what the server then says."""

import psycopg
import pytest
from psycopg import errors as pg_errors

from schemamig_tui.advice.advice import describe
from schemamig_tui.advice.advise import advise
from tests.advice.conftest import Desk

WORLD = [
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "CREATE TABLE theirs (id int PRIMARY KEY, other int)",
    "CREATE TABLE parted (id int) PARTITION BY LIST (id)",
    "CREATE INDEX theirs_other ON theirs (other)",
    "CREATE VIEW seen AS SELECT * FROM theirs",
    "CREATE MATERIALIZED VIEW kept AS SELECT * FROM theirs",
    "CREATE SEQUENCE counter",
    "CREATE TYPE mood AS ENUM ('a')",
    "CREATE SCHEMA closed",
    "CREATE TABLE closed.t (id int)",
]
STATEMENTS = [
    "ALTER TABLE theirs ADD c int",
    "ALTER TABLE IF EXISTS missing ADD c int",
    "ALTER INDEX theirs_other RENAME TO x",
    "ALTER SEQUENCE counter RESTART",
    "ALTER TYPE mood ADD VALUE 'b'",
    "ALTER TABLE closed.t ADD c int",
    "ALTER SCHEMA closed RENAME TO opened",
    "DROP TABLE theirs CASCADE",
    "DROP TABLE IF EXISTS missing",
    "DROP INDEX theirs_other",
    "DROP TYPE mood",
    "DROP SCHEMA closed CASCADE",
    "DROP VIEW seen",
    "TRUNCATE theirs",
    "CREATE INDEX ON theirs (other)",
    "CREATE TRIGGER g AFTER INSERT ON theirs EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE POLICY p ON theirs USING (true)",
    "CREATE RULE r AS ON INSERT TO theirs DO INSTEAD NOTHING",
    "INSERT INTO theirs VALUES (1)",
    "INSERT INTO theirs (id) VALUES (1)",
    "INSERT INTO seen VALUES (1)",
    "INSERT INTO theirs VALUES (1) ON CONFLICT (id) DO UPDATE SET other = 1",
    "UPDATE theirs SET other = 1",
    "DELETE FROM theirs",
    "COPY theirs TO stdout",
    "COMMENT ON TABLE theirs IS 'x'",
    "COMMENT ON COLUMN theirs.other IS 'x'",
    "REINDEX TABLE theirs",
    "REINDEX INDEX theirs_other",
    "REFRESH MATERIALIZED VIEW kept",
    "CREATE TABLE new (id int)",
    "CREATE TABLE IF NOT EXISTS theirs (id int)",
    "CREATE TABLE IF NOT EXISTS theirs (id int REFERENCES theirs)",
    "CREATE INDEX IF NOT EXISTS theirs_other ON theirs (other)",
    "DROP TRIGGER IF EXISTS missing ON theirs",
    "DROP RULE IF EXISTS missing ON theirs",
    "DROP POLICY IF EXISTS missing ON theirs",
    "EXPLAIN DELETE FROM theirs",
    "EXPLAIN ANALYZE INSERT INTO theirs VALUES (1)",
    "PREPARE p AS DELETE FROM theirs",
    "PREPARE q AS DELETE FROM theirs; EXECUTE q",
    "COPY (DELETE FROM theirs RETURNING id) TO stdout",
    "SELECT 1 AS id INTO new",
    "SELECT 1 AS id INTO TEMP new",
    "CREATE TEMP TABLE new (id int)",
    "CREATE TEMP TABLE new (id int); INSERT INTO new VALUES (1)",
    "CREATE TABLE closed.new (id int)",
    "CREATE TABLE part PARTITION OF parted FOR VALUES IN (1)",
    "CREATE VIEW new AS SELECT 1",
    "CREATE OR REPLACE VIEW seen AS SELECT * FROM theirs",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE new AS ENUM ('a')",
    "CREATE SCHEMA new",
    "CREATE SCHEMA IF NOT EXISTS closed",
    "CREATE ROLE never_made",
    "CREATE EXTENSION IF NOT EXISTS plpgsql",
    "VACUUM theirs",
    "ANALYZE theirs",
    "COMMENT ON SCHEMA closed IS 'x'",
    "COMMENT ON TYPE mood IS 'x'",
]
# From 15 on.
MERGES = [
    f"MERGE INTO theirs USING (SELECT 1 AS id) v ON theirs.id = v.id WHEN {action}"
    for action in (
        "MATCHED THEN UPDATE SET other = 1",
        "MATCHED THEN DELETE",
        "NOT MATCHED THEN INSERT VALUES (v.id)",
    )
]
GRANTS = [
    [],
    ["GRANT CREATE, USAGE ON SCHEMA public, closed TO {}", "GRANT CREATE ON DATABASE {db} TO {}"],
    ["GRANT ALL ON theirs, seen TO {}", "ALTER ROLE {} CREATEROLE"],
    ["GRANT {owner} TO {}"],
]


def refused(conn: psycopg.Connection, statement: str) -> bool:
    """Whether the server refuses to run a statement for the lack of a right."""
    conn.execute("BEGIN")
    try:
        if statement.startswith("COPY"):
            with conn.cursor().copy(statement.encode()) as copy:
                list(copy)
        else:
            conn.execute(statement.encode())
    except pg_errors.InsufficientPrivilege:
        return True
    except psycopg.Error:
        return False
    finally:
        conn.execute("ROLLBACK")
    return False


def warned(conn: psycopg.Connection, desk: Desk, statement: str) -> bool:
    """Whether a warning is given of a statement."""
    return any(advice.severity == "warning" for advice in advise(conn, desk.write(statement)))


@pytest.fixture
def world(desk: Desk, limited: str) -> Desk:
    """A database with objects of somebody else's."""
    desk.prepare(*WORLD)
    return desk


@pytest.mark.parametrize("grants", GRANTS, ids=["none", "create", "table", "owner"])
def test_the_server_refuses_what_is_warned_of_and_nothing_else(
    world: Desk, limited: str, grants: list[str]
) -> None:
    with world.database.connect() as conn:
        (owner,) = conn.execute("SELECT current_user").fetchone() or ("",)
        merges = MERGES if conn.info.server_version >= 150000 else []
    names = {"owner": owner, "db": world.database.name}
    world.prepare(*(grant.format(limited, **names) for grant in grants))
    with world.connect() as conn, world.connect() as other:
        for statement in (*STATEMENTS, *merges):
            assert warned(conn, world, statement) == refused(other, statement), statement


def test_rights_on_columns_count_because_nobody_reads_the_columns(
    world: Desk, limited: str
) -> None:
    world.prepare(f"GRANT INSERT (id), UPDATE (other), SELECT (id) ON theirs TO {limited}")
    assert not world.warnings("INSERT INTO theirs (id) VALUES (1); UPDATE theirs SET other = 1")


def test_each_missing_right_is_said_once_with_what_gives_it(world: Desk, limited: str) -> None:
    file = "INSERT INTO theirs VALUES (1);\nINSERT INTO seen VALUES (1);\nTRUNCATE theirs;"
    insert, truncate = [advice for advice in world.advice(file) if advice.severity == "warning"]
    assert insert.message == (
        f"INSERT needs INSERT on table public.theirs, public.seen, which {limited} does not have."
    )
    assert insert.hint == f"GRANT INSERT ON TABLE public.theirs, public.seen TO {limited};"
    assert insert.place == "0001.sql:1"
    assert truncate.place == "0001.sql:3"
    world.prepare(*(advice.hint or "" for advice in (insert, truncate)))
    assert not world.warnings(file)


def test_many_objects_are_counted(world: Desk, limited: str) -> None:
    world.prepare(*(f"CREATE TABLE t{i} (id int)" for i in range(10)))
    (message,) = world.warnings("".join(f"TRUNCATE t{i};" for i in range(10)))
    assert "public.t0, public.t1, public.t2 and 7 more" in message


def test_only_the_owner_is_named_where_it_takes_the_owner(world: Desk, limited: str) -> None:
    world.prepare('CREATE ROLE "Own {er}"', 'ALTER TABLE theirs OWNER TO "Own {er}"')
    try:
        (advice, *_) = world.advice("ALTER TABLE theirs ADD c int;")
        assert advice.message == (
            f"ALTER TABLE needs the owner of public.theirs, and {limited}"
            ' is no member of "Own {er}".'
        )
    finally:
        world.prepare("DROP TABLE theirs CASCADE", 'DROP ROLE "Own {er}"')


def test_a_schema_that_is_closed_is_told_instead_of_its_table(world: Desk, limited: str) -> None:
    (message,) = world.warnings("INSERT INTO closed.t VALUES (1);")
    assert message == f"INSERT needs USAGE on schema closed, which {limited} does not have."


def test_what_earlier_files_create_is_not_judged(world: Desk, limited: str) -> None:
    world.prepare(f"GRANT CREATE ON SCHEMA public TO {limited}")
    create = "CREATE TABLE new (id int); CREATE TYPE kind AS ENUM ('a');"
    use = "ALTER TABLE new ADD c int; INSERT INTO new VALUES (1); ALTER TYPE kind ADD VALUE 'b';"
    assert not world.warnings(create, use)


def test_a_superuser_lacks_nothing(desk: Desk) -> None:
    desk.prepare(*WORLD)
    with desk.connect() as conn:
        assert not [statement for statement in STATEMENTS if warned(conn, desk, statement)]


def test_an_extension_that_the_server_does_not_have(desk: Desk) -> None:
    (advice,) = desk.advice('CREATE EXTENSION "no such {thing}";')
    assert advice.message == 'The server does not have the extension "no such {thing}".'


def test_a_trusted_extension_takes_create_on_the_database(desk: Desk, limited: str) -> None:
    desk.prepare("DROP EXTENSION plpgsql")
    (message,) = desk.warnings("CREATE EXTENSION plpgsql;")
    assert "needs a superuser, or CREATE on database" in message
    desk.prepare(f"GRANT CREATE ON DATABASE {desk.database.name} TO {limited}")
    assert not desk.warnings("CREATE EXTENSION plpgsql;")
    with desk.connect() as conn:
        assert not refused(conn, "CREATE EXTENSION plpgsql")


def test_hostile_names_are_data(desk: Desk, limited: str) -> None:
    name = '"x\'; DROP TABLE y; --\x1b[31m{0}%s‮[/b]"'
    desk.prepare(f"CREATE TABLE {name} (id int)")
    (advice, *_) = desk.advice(f"TRUNCATE {name};")
    assert r"x'; DROP TABLE y; --\x1B[31m{0}%s\u202E[/b]" in advice.message
    assert all(line.isprintable() for line in describe(advice))
