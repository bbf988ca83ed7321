"""What is made from the code is as the code is: ``python -m tests.reference`` makes it anew."""

from tests.reference.event_schema import SCHEMA_FILE, schema_text


def test_the_schema_of_the_events_is_that_of_their_types() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()
