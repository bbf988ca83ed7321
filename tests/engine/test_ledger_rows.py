"""Rows as other tools and hands have left them: shown as what they are, and nothing is guessed."""

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from schemamig_tui.engine.ledger.status import State, compare
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.script.files import scan
from schemamig_tui.errors import LedgerError
from tests.engine.conftest import LEDGER, Workshop

# As another tool could have made it: nothing has to be there.
LOOSE = """
DROP TABLE IF EXISTS kb.schema_migrations; CREATE SCHEMA IF NOT EXISTS kb;
CREATE TABLE kb.schema_migrations (id serial, filename text UNIQUE, applied_at {applied_at},
    checksum text, execution_time_ms bigint, success boolean, error_message text);
"""
INSERT = "INSERT INTO kb.schema_migrations VALUES (DEFAULT, %s, %s, %s, %s, %s, %s)"


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz"])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2025-10-18 19:30:15.5", datetime(2025, 10, 18, 19, 30, 15, 500_000)),
        ("9999-12-31 23:59:59.999999", datetime.max),
        ("20000-01-01", "20000-01-01 00:00:00"),
        ("0044-03-15 BC", "0044-03-15 00:00:00 BC"),
        ("infinity", "infinity"),
        ("-infinity", "-infinity"),
        (None, None),
    ],
)
def test_a_date_that_python_does_not_have_is_shown_as_the_server_writes_it(
    shop: Workshop, kind: str, written: str | None, read: object
) -> None:
    shop.ask(LOOSE.format(applied_at=kind))
    with shop.database.connect(options="-c datestyle=SQL,DMY -c timezone=UTC") as conn:
        conn.execute("SET datestyle = ISO")
        conn.execute(INSERT, ("0001_a.sql", written, None, None, True, None))
        conn.execute("RESET datestyle")
        (row,) = Ledger(LEDGER).read(conn)
    assert row.applied_at == read
    assert row.when == {datetime.max: "9999-12-31 23:59:59"}.get(
        read, "at a time unknown" if read is None else str(read).removesuffix(".500000")
    )


def test_a_row_that_does_not_say_whether_it_was_a_success_stops_every_run(shop: Workshop) -> None:
    shop.ask(LOOSE.format(applied_at="timestamp"))
    with shop.database.connect() as conn:
        conn.execute(INSERT, ("0002_b's.sql", None, None, None, None, None))
    for name in ("0001_a.sql", "0002_b's.sql", "0003_c.sql"):
        shop.write(name, "CREATE TABLE IF NOT EXISTS a ();")
    with shop.database.connect() as conn:
        status = compare(scan(shop.folder), Ledger(LEDGER).read(conn))
    assert [m.state for m in status.migrations] == [State.PENDING, State.UNKNOWN, State.PENDING]
    with pytest.raises(
        LedgerError, match=r"0002_b's\.sql was applied: its success is NULL"
    ) as caught:
        shop.apply()
    assert shop.ask("SELECT to_regclass('a')::text") == [None]
    assert caught.value.hint
    mends = caught.value.hint.removeprefix("find out, and ").replace(
        " (or false, to have it run again)", ""
    )
    shop.ask(f"{mends} SELECT 1")
    assert shop.apply().applied == ("0001_a.sql", "0003_c.sql")


def test_a_row_without_a_name_is_of_no_file(shop: Workshop) -> None:
    shop.ask(LOOSE.format(applied_at="timestamp"))
    with shop.database.connect() as conn:
        conn.execute(INSERT, (None, None, None, None, True, None))
    assert shop.applies("0001_a.sql", "SELECT 1;").applied == ("0001_a.sql",)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=300)
ROWS = st.lists(
    st.tuples(
        TEXT,
        st.none()
        | st.sampled_from(["infinity", "-infinity", "0044-03-15 BC", "294276-12-31 23:59:59"])
        | st.datetimes().map(str),
        st.none() | TEXT,
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.booleans(),
        st.none() | TEXT,
    ),
    unique_by=lambda row: row[0],
    max_size=8,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=ROWS)
def test_whatever_is_in_the_rows_they_are_read_and_compared(
    shop: Workshop, rows: list[tuple[object, ...]]
) -> None:
    with shop.database.connect(prepare_threshold=None) as conn:
        conn.execute(sql.SQL(LOOSE.format(applied_at="timestamp")))
        for row in rows:
            conn.execute(INSERT, row)
        read = Ledger(LEDGER).read(conn)
    assert [row.filename for row in read] == sorted((str(row[0]) for row in rows), key=str.encode)
    by_name = {row[0]: row for row in rows}
    for row in read:
        others = by_name[row.filename][2:]
        assert [row.checksum, row.execution_time_ms, row.success, row.error_message] == [*others]
        assert row.when
    status = compare([], read)
    assert sum(map(len, (status.applied, status.failed, status.unknown))) == len(rows)
