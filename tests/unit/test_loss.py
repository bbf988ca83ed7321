"""What counts as a lost connection."""

import psycopg
import pytest

from schemamig_tui.engine.pipeline.loss import ends_session, is_lost
from tests.conftest import Database


@pytest.mark.parametrize("severity", ["FATAL", "PANIC", None])
def test_what_ends_the_session_is_a_loss(severity: str | None) -> None:
    assert is_lost(severity)


def test_an_error_is_none() -> None:
    assert not is_lost("ERROR")


def test_the_servers_last_words_are_a_loss_and_libpqs_complaint_is(database: Database) -> None:
    conn = database.connect()
    with pytest.raises(psycopg.Error) as caught:
        conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert ends_session(caught.value)
    with pytest.raises(psycopg.Error) as caught:
        conn.execute("SELECT 1")
    assert ends_session(caught.value)


def test_a_failed_statement_is_none(database: Database) -> None:
    with database.connect() as conn:
        conn.execute("SET statement_timeout = 1")
        with pytest.raises(psycopg.OperationalError) as caught:
            conn.execute("SELECT pg_sleep(1)")
        assert not ends_session(caught.value)
