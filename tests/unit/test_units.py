"""Durations, sizes and counts as people read them."""

from schemamig_tui.units import compact, duration, first, lasting, limit, plural, recorded, size


def test_a_duration_is_in_the_unit_that_suits_it() -> None:
    assert [duration(ms) for ms in (0.36, 234, 12_300, 245_000, 7_440_000)] == [
        "0.4 ms", "234 ms", "12.3 s", "4:05 min", "2:04 h",
    ]  # fmt: skip


def test_no_duration_is_nothing() -> None:
    assert [duration(ms) for ms in (0, 0.04, 0.05)] == ["<0.1 ms", "<0.1 ms", "0.1 ms"]
    assert [recorded(ms) for ms in (0, 1, 9, 234, 12_300)] == [
        "<1 ms", "1 ms", "9 ms", "234 ms", "12.3 s",
    ]  # fmt: skip


def test_the_compact_form_of_a_duration_is_the_seeds() -> None:
    assert [compact(ms) for ms in (0.36, 1, 234, 9_999, 12_300, 720_000)] == [
        "<1ms", "1ms", "234ms", "9999ms", "12.3s", "12min",
    ]  # fmt: skip


def test_a_time_that_goes_on_gets_coarser() -> None:
    assert [lasting(seconds) for seconds in (0.4, 12, 170, 7500)] == [
        "0.4 s", "12 s", "3 min", "2 h 5 min",
    ]  # fmt: skip


def test_a_limit_is_never_nothing() -> None:
    assert [limit(seconds) for seconds in (0.02, 0.08, 1, 60, 300)] == [
        "20 ms", "80 ms", "1.0 s", "60 s", "5 min",
    ]  # fmt: skip


def test_a_size_is_in_the_unit_that_suits_it() -> None:
    assert [size(count) for count in (0, 1, 999, 8192, 250_000_000, 3e9, 2.5e12)] == [
        "0 bytes", "1 byte", "999 bytes", "8.2 kB", "250.0 MB", "3.0 GB", "2.5 TB",
    ]  # fmt: skip


def test_a_count_has_its_noun_in_the_right_number() -> None:
    assert [plural(count, "statement") for count in (0, 1, 2000)] == [
        "0 statements", "1 statement", "2,000 statements",
    ]  # fmt: skip


def test_the_first_of_several_are_counted_in_words() -> None:
    assert [first(count, "statement") for count in (1, 2000)] == [
        "first statement",
        "first 2,000 statements",
    ]
