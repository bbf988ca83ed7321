"""How large a batch is, how long one waits, what is left: rules without a database."""

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemamig_tui.engine.backfill.batch import LockPatience
from schemamig_tui.engine.backfill.lag import Lag
from schemamig_tui.engine.backfill.pace import rest
from schemamig_tui.engine.backfill.signals import Standby
from schemamig_tui.engine.backfill.size import BatchSize
from schemamig_tui.sql.batch_options import Restraint


def settled(size: BatchSize, seconds_per_key: float, fixed: float = 0.0) -> int:
    """The size after many batches whose keys take so long each, and the network ``fixed``."""
    for _ in range(60):
        size.done(size.keys, fixed + size.keys * seconds_per_key, fixed)
    return size.keys


def test_it_settles_where_a_batch_takes_the_target() -> None:
    assert settled(BatchSize(1000, 0.1, None), 0.00001) == 10_000
    assert settled(BatchSize(100_000, 0.1, None), 0.001) == 100
    assert settled(BatchSize(1000, 0.1, None), 1.0) == 1


@pytest.mark.parametrize(("fixed", "keys"), [(0.03, 70), (0.05, 50), (0.2, 50), (5.0, 50)])
def test_the_network_uses_up_half_of_the_target_at_the_most(fixed: float, keys: int) -> None:
    assert settled(BatchSize(1000, 0.1, None), 0.001, fixed) == pytest.approx(keys, abs=1)


def test_it_grows_by_a_fifth_at_most_and_shrinks_at_once() -> None:
    size = BatchSize(1000, 0.1, None)
    size.done(1000, 0.001)
    assert size.keys == 1200
    size.done(1200, 0.6)
    assert size.keys == 200


def test_a_batch_is_never_more_than_a_small_share_of_the_table() -> None:
    assert BatchSize(50_000, 10, 1_000_000).keys == 5000
    assert BatchSize(50_000, 10, 1000).keys == 100
    assert settled(BatchSize(1000, 10, 1_000_000), 0.00001) == 5000


def test_a_short_batch_says_nothing() -> None:
    size = BatchSize(1000, 0.1, None)
    size.done(3, 0.5)
    assert size.keys == 1000


def test_it_is_halved_down_to_a_hundred_after_a_batch_that_got_no_lock() -> None:
    size = BatchSize(300, 0.1, None)
    assert [size.failed(), size.keys] == [True, 150]
    assert [size.failed(), size.keys] == [True, 100]
    assert [size.failed(), size.keys] == [False, 100]


def test_another_target_is_followed() -> None:
    size = BatchSize(1000, 0.1, None)
    settled(size, 0.0001)
    size.target = 0.2
    assert settled(size, 0.0001) == 2000


@given(st.integers(1, 10_000), st.floats(1e-7, 10), st.integers(0, 1 << 30))
@example(1, 0.09375, 0)
def test_rows_of_any_weight_leave_few_batches_over_twice_the_target(
    first: int, per_key: float, seed: int
) -> None:
    dice = random.Random(seed)
    size = BatchSize(first, 0.1, None)
    settled(size, per_key)
    over = 0
    for _ in range(200):
        seconds = size.keys * per_key * dice.uniform(0.5, 1.5)
        over += seconds > 0.2 and size.keys > 1
        size.done(size.keys, seconds)
    assert over <= 5


def test_batch_and_lock_wait_together_are_shorter_than_what_a_deadlock_takes() -> None:
    patience = LockPatience(deadlock_timeout=1.0)
    assert patience.seconds(0.1) == pytest.approx(0.75)
    assert 0.1 + patience.seconds(0.1) < 1.0
    assert patience.seconds(5) == pytest.approx(0.05)


def test_where_small_batches_get_no_lock_they_wait_longer_in_the_end() -> None:
    patience = LockPatience()
    waits = []
    for failed in range(8):
        patience.failed = failed
        waits.append(patience.seconds(0.1))
    assert waits == sorted(waits)
    assert waits[-1] == 30


def test_they_wait_no_longer_after_a_night_without_a_lock() -> None:
    assert LockPatience(failed=2000).seconds(0.1) == 30


@pytest.mark.parametrize(
    ("restraint", "expected"),
    [
        (Restraint(), 0.0),
        (Restraint(pause=2), 2.0),
        (Restraint(rows=100), 4.5),
        (Restraint(wal=1000), 9.5),
        (Restraint(pause=1, rows=1000), 1.0),
    ],
)
def test_a_limit_is_a_pause_behind_the_batch(restraint: Restraint, expected: float) -> None:
    assert rest(restraint, 0.5, 500, 10_000) == expected


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_standby_is_as_far_behind_as_the_oldest_batch_that_it_has_not_replayed() -> None:
    clock = Clock()
    lag = Lag(5, (), clock)
    lag.committed(100)
    clock.now = 3
    lag.committed(200)
    clock.now = 6
    assert lag.reasons([Standby("a", 200), Standby("b", 100)]) == []
    clock.now = 9
    (reason,) = lag.reasons([Standby("a", 200), Standby("b", 199)])
    assert reason.startswith("the standby b has not replayed what was committed 6.0 s ago")


def test_a_standby_that_has_caught_up_is_not_behind_however_long_nothing_comes() -> None:
    clock = Clock()
    lag = Lag(5, (), clock)
    lag.committed(100)
    clock.now = 1000
    assert lag.reasons([Standby("a", 100)]) == []


def test_one_that_was_there_and_is_gone_counts_unless_it_is_ignored() -> None:
    lag = Lag(5, ("b",))
    assert lag.reasons([Standby("a", 1), Standby("b", 1)]) == []
    assert lag.reasons([]) == [
        "the standby a is gone (ignore-standby=a where it does not come back)"
    ]
    assert lag.reasons([Standby("a", 1)]) == []


def test_one_of_two_that_nobody_has_named_is_gone() -> None:
    first, second = (Standby("walreceiver", 1, address) for address in ("10.0.0.1", "10.0.0.2"))
    lag = Lag(5, ())
    assert lag.reasons([first, second]) == []
    (reason,) = lag.reasons([first])
    assert reason.startswith("the standby walreceiver at 10.0.0.2 is gone (ignore-standby=wal")
    assert Lag(5, ("walreceiver",)).reasons([first]) == []
    named = Lag(5, ())
    assert named.reasons([Standby("a", 1, "10.0.0.1")]) == []
    assert named.reasons([Standby("a", 1, "10.0.0.9")]) == []  # it has got another address


def test_what_a_role_may_not_see_is_no_reason_and_is_known() -> None:
    lag = Lag(0.001, ())
    lag.committed(5)
    assert lag.reasons([Standby("a", None)]) == []
    assert lag.hidden
