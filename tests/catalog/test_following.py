"""What is read again behind a file is what a snapshot sees, and no more than was touched."""

import pytest

from schemamig_tui.catalog.changes import What
from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.following import SchemaFollower
from schemamig_tui.catalog.render import render, text
from schemamig_tui.catalog.snapshot import snapshot
from tests.catalog.like_pg_dump import IN_PLACE, given, run
from tests.catalog.test_like_pg_dump import GROUPS
from tests.conftest import Database


@pytest.mark.parametrize("group", GROUPS)
def test_it_sees_each_change_that_a_snapshot_sees(database: Database, group: str) -> None:
    missed = []
    with (
        database.connect(options=IN_PLACE) as conn,
        given(conn, GROUPS[group]) as schemas,
        conn.transaction(force_rollback=True),
    ):
        follower = SchemaFollower(conn)
        for schema, case in schemas.items():
            with conn.transaction():
                run(conn, schema, case.change)
            changes = follower.changes()
            seen = text(render(one for one in changes if one.what is not What.UNSEEN))
            shown = case.shown.replace("@", schema)
            if shown not in seen or bool(shown) != bool(seen):
                missed.append(f"{case}: {shown!r} is not what is seen:\n{seen}")
        whole = snapshot(conn)
        missed.append(text(render(diff(follower.schema, whole))))
        assert not any(missed), "\n".join(missed)
        assert follower.schema == whole


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        (
            "SELECT lo_create(0)",
            "~ catalog pg_largeobject_metadata: changes that cannot be shown\n",
        ),
        ("ALTER ROLE someone PASSWORD 'x'", "~ catalog pg_authid: changes that cannot be shown\n"),
        ("ALTER ROLE someone PASSWORD 'x' LOGIN", "~ cluster-wide role someone\n    + login\n"),
        ("COMMENT ON DATABASE postgres IS 'x'", "~ catalog pg_shdescription: changes that cannot"),
        ("TRUNCATE t", ""),
        ("ANALYZE t", ""),
        ("CREATE TEMPORARY TABLE u (a int)", ""),
        ("INSERT INTO t VALUES (1)", ""),
    ],
)
def test_what_cannot_be_shown_is_said(database: Database, sql: str, shown: str) -> None:
    with database.connect() as conn, conn.transaction(force_rollback=True):
        conn.execute("CREATE TABLE t (a int); CREATE ROLE someone")
        follower = SchemaFollower(conn)
        with conn.transaction():
            conn.execute(sql.encode())
        seen = text(render(follower.changes()))
        assert seen.startswith(shown)
        assert bool(seen) == bool(shown)


def test_a_change_of_what_belongs_to_an_extension_is_said(database: Database) -> None:
    with database.connect() as conn, conn.transaction(force_rollback=True):
        follower = SchemaFollower(conn)

        def changes(sql: str) -> str:
            with conn.transaction():
                conn.execute(sql.encode())
            return text(render(follower.changes()))

        assert changes("CREATE EXTENSION citext").startswith("+ extension citext version")
        changes("CREATE TABLE t (a int); ALTER EXTENSION citext ADD TABLE t")
        assert changes("INSERT INTO t VALUES (1)") == ""
        assert changes("ALTER TABLE t ADD b int") == (
            "~ extension citext: changes that cannot be shown\n"
        )
        assert changes("CREATE TABLE u (a citext)") == "+ table public.u\n    + a public.citext\n"


def test_what_an_extension_takes_to_another_schema_is_seen_wherever_it_is_named(
    database: Database,
) -> None:
    with database.connect() as conn, conn.transaction(force_rollback=True):
        conn.execute("CREATE EXTENSION pg_trgm; CREATE SCHEMA elsewhere; CREATE TABLE t (a text)")
        conn.execute("CREATE INDEX i ON t USING gin (a gin_trgm_ops)")
        follower = SchemaFollower(conn)
        with conn.transaction():
            conn.execute("ALTER EXTENSION pg_trgm SET SCHEMA elsewhere")
        assert "index i: USING gin (a public.gin_trgm_ops) ->" in text(render(follower.changes()))


def test_where_writes_are_not_counted_all_is_read(database: Database) -> None:
    with database.connect() as conn, conn.transaction(force_rollback=True):
        conn.execute("SET track_counts = off")
        follower = SchemaFollower(conn)
        with conn.transaction():
            conn.execute("CREATE TABLE t (a int)")
        assert text(render(follower.changes())) == "+ table public.t\n    + a integer\n"
