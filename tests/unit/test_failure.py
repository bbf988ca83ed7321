"""A failure as people read it."""

from hypothesis import given
from hypothesis import strategies as st

from schemamig_tui.engine.events import Failure, Place
from schemamig_tui.engine.run.failure import describe


def described(failure: Failure, name: str = "0001_a.sql") -> list[str]:
    return describe(failure, name).splitlines()


def test_everything_known_is_told_from_the_code_to_the_context() -> None:
    failure = Failure(
        "no such table",
        sqlstate="42P01",
        detail="the detail",
        hint="the hint",
        context="the context",
        place=Place(3, 8),
        source="SELECT * FROM a",
    )
    assert described(failure) == [
        "ERROR 42P01: no such table",
        "0001_a.sql:3:8",
        "    SELECT * FROM a",
        "           ^",
        "DETAIL: the detail",
        "HINT: the hint",
        "CONTEXT: the context",
    ]


def test_a_failure_without_a_server_has_only_a_message() -> None:
    assert described(Failure("cancelled")) == ["ERROR: cancelled"]


def test_the_caret_stands_under_its_character_behind_tabs_and_wide_ones() -> None:
    lines = described(Failure("no", place=Place(1, 4), source="\t漢\x1bx"))
    assert lines[2] == "            漢\\x1Bx"
    assert lines[3].index("^") == 4 + 8 + 2 + 4


def test_a_long_line_is_cut_around_the_place() -> None:
    lines = described(Failure("no", place=Place(1, 5001), source="a" * 5000 + "b" + "c" * 5000))
    assert len(lines[2]) < 420
    assert lines[2][lines[3].index("^")] == "b"


@given(st.text(), st.text(), st.integers(1, 50))
def test_no_text_of_a_failure_can_reach_the_terminal_raw(
    message: str, source: str, column: int
) -> None:
    failure = Failure(message, detail=source, place=Place(1, column), source=source)
    shown = describe(failure, message).replace("\n", "")
    assert shown.isprintable()
