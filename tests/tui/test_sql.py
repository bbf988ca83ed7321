"""SQL in colour."""

import pytest

from schemamig_tui.tui.sql import highlight


def styles(sql: str) -> dict[str, str]:
    """The style of each word, of the last one where there are several."""
    return {text: style for line in highlight(sql) for style, text in line}


@pytest.mark.parametrize("level", ["DEBUG", "log", "INFO", "NOTICE", "Warning", "EXCEPTION"])
def test_every_level_of_raise_is_a_keyword(level: str) -> None:
    shown = styles(f"DO $$ BEGIN RAISE {level} 'a'; END $$;")
    assert shown["RAISE"] == shown[level] == "keyword"


def test_the_name_of_a_level_is_a_name_elsewhere() -> None:
    assert styles("SELECT warning FROM info")["warning"] == "plain"
