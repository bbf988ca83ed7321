"""What is made from the code is as the code is: ``python -m tests.reference`` makes it anew."""

from tests.reference.event_schema import SCHEMA_FILE, schema_text
from tests.reference.events_page import EVENTS_FILE, events_text
from tests.reference.manual import MANUAL_FILE, manual_text
from tests.reference.readme import README_FILE, readme_text


def test_the_schema_of_the_events_is_that_of_their_types() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()


def test_the_manual_is_that_of_the_parser() -> None:
    assert MANUAL_FILE.read_text(encoding="utf-8") == manual_text()


def test_the_tables_of_the_readme_are_those_of_the_code() -> None:
    assert README_FILE.read_text(encoding="utf-8") == readme_text()


def test_the_page_of_the_events_is_that_of_their_schema() -> None:
    assert EVENTS_FILE.read_text(encoding="utf-8") == events_text()
