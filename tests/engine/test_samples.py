"""The sample migrations: good practice that runs on an empty database, in every mode."""

from pathlib import Path

import pytest

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.batch_events import BatchesFinished
from schemamig_tui.engine.events import FileStarted, Mode, NoticeReceived
from tests.conftest import Database
from tests.engine.conftest import Workshop
from tests.equivalence.comparison import assert_same_as_psql, run_psql
from tests.equivalence.state import capture

SAMPLES = Path(__file__).parents[2] / "migrations"
# The range that the backfill has in psql, which does not divide it.
ALL_DAYS = ("from=2020-01-01", "to=2035-12-31")
NAMES = [file.name for file in sorted(SAMPLES.glob("*.sql"))]


@pytest.fixture
def samples(database: Database) -> Workshop:
    """The samples and an empty database."""
    return Workshop(SAMPLES, database)


def test_they_apply_on_an_empty_database_and_a_second_run_has_nothing_to_do(
    samples: Workshop,
) -> None:
    assert samples.apply().applied == tuple(NAMES)
    again = samples.apply()
    assert again.applied == ()
    assert again.version == len(NAMES)


def test_they_leave_what_psql_leaves(server: Embedded) -> None:
    assert_same_as_psql(server, SAMPLES, ALL_DAYS)


def test_running_them_again_by_hand_changes_nothing(server: Embedded, samples: Workshop) -> None:
    samples.apply()
    before = capture(server, samples.database)
    assert run_psql(server, samples.database, SAMPLES, ALL_DAYS).error is None
    assert capture(server, samples.database) == before


def test_they_show_every_mode(samples: Workshop) -> None:
    samples.apply()
    assert {started.mode for started in samples.events_of(FileStarted)} == set(Mode)


def test_they_tell_what_they_do(samples: Workshop) -> None:
    samples.apply()
    messages = [event.notice.message for event in samples.events_of(NoticeReceived)]
    assert "Table kb.user_preferences created" in messages
    (done,) = [event.done for event in samples.events_of(BatchesFinished)]
    assert (done.walked, done.changed) == (5844, 5844)


def test_every_week_is_filled_and_every_constraint_validated(samples: Workshop) -> None:
    samples.apply()
    assert samples.ask("SELECT count(*) FROM kb.usage_days WHERE iso_week IS NULL") == [0]
    assert samples.ask("SELECT conname FROM pg_constraint WHERE NOT convalidated") == []
    assert samples.ask("SELECT count(*) FROM kb.weekly_usage") == [836]
