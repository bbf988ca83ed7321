"""How lines are folded where they are too long for the screen."""

from schemamig_tui.tui.lines import Line, folded, plain

MD5 = "71568061b2970a4b7c5160fe75356e10"


def rows(*line: tuple[str, str], columns: int) -> list[str]:
    """The text of the rows of a line."""
    made: Line = line
    return plain(folded(made, columns)).split("\n")


def test_what_is_behind_a_label_stays_behind_it() -> None:
    line = (("label", "message   "), ("plain", "one two three four"))
    assert rows(*line, columns=22) == ["message   one two", "          three four"]


def test_an_indent_behind_a_label_is_kept() -> None:
    line = (("label", " " * 8), ("plain", "  one two three"))
    assert rows(*line, columns=20) == ["          one two", "          three"]


def test_a_word_is_whole_in_a_row_of_its_own_where_it_fits_with_less_indent() -> None:
    line = (("label", "MD5 of the file    "), ("plain", MD5))
    assert rows(*line, columns=49) == ["MD5 of the file", f"{MD5:>49}"]


def test_a_word_that_is_too_long_for_any_row_is_broken() -> None:
    line = (("label", "name "), ("plain", "x" * 30))
    assert rows(*line, columns=20) == ["name " + "x" * 15, "     " + "x" * 15]


def test_no_row_is_left_empty_by_a_word_that_does_not_fit_into_the_first() -> None:
    assert rows(("label", " " * 10), ("plain", "x" * 15), columns=20)[0].strip()


def test_blanks_at_the_end_make_no_row_of_their_own() -> None:
    assert rows(("plain", "x" * 19 + " " * 9), columns=20) == ["x" * 19]


def test_a_word_of_several_styles_is_not_broken_between_them() -> None:
    line = (("plain", "one two "), ("string", "'thr"), ("literal", "ee'"), ("plain", " four five"))
    assert rows(*line, columns=20) == ["one two 'three' four", "five"]
    assert rows(("plain", "one two six ten "), *line[1:], columns=20)[1] == "'three' four five"
