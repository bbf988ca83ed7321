"""What is made from the code is as the code is: ``python -m tests.reference`` makes it anew."""

import json
import re

from tests.reference.event_schema import SCHEMA_FILE, schema_text
from tests.reference.manual import MANUAL_FILE, manual_text
from tests.reference.readme import README_FILE, readme_text


def test_the_schema_of_the_events_is_that_of_their_types() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()


def test_the_manual_is_that_of_the_parser() -> None:
    assert MANUAL_FILE.read_text(encoding="utf-8") == manual_text()


def test_the_tables_of_the_readme_are_those_of_the_code() -> None:
    assert README_FILE.read_text(encoding="utf-8") == readme_text()


def test_the_page_of_the_events_names_each_of_them() -> None:
    page = SCHEMA_FILE.with_name("EVENTS.md").read_text(encoding="utf-8")
    names = set(re.findall(r"^([a-z_]+)  +\S", page, re.MULTILINE)) - {"event"}
    assert names == {*json.loads(schema_text())["properties"]["event"]["enum"]}
