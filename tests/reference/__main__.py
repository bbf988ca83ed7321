"""Write what is made from the code: ``python -m tests.reference``."""

from tests.reference.event_schema import SCHEMA_FILE, schema_text
from tests.reference.events_page import EVENTS_FILE, events_text
from tests.reference.manual import MANUAL_FILE, manual_text
from tests.reference.readme import README_FILE, readme_text

SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
MANUAL_FILE.write_text(manual_text(), encoding="utf-8")
README_FILE.write_text(readme_text(), encoding="utf-8")
EVENTS_FILE.write_text(events_text(), encoding="utf-8")
