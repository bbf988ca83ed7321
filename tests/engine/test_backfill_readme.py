"""The example of the README, from its first file to its last, with the locks that it shows."""

import re
from pathlib import Path

import pytest

from schemamig_tui.sql.bounds import range_statement
from tests.engine.conftest import Workshop

README = Path(__file__).parents[2] / "README.md"
FILE = re.compile(r"^-- (2025110\d\w+\.sql)\n(.*?)(?=^-- 2025110\d|\Z)", re.M | re.S)
LOCK = re.compile(r"^\| (2025110\d) .*\| `(\w+)`", re.M)
LOCKS = (
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "AccessExclusiveLock",
)


def files() -> dict[str, str]:
    """The files of the example, by name."""
    (block,) = re.findall(r"^```sql\n(-- 20251101.*?)```", README.read_text(), re.M | re.S)
    return dict(FILE.findall(block))


@pytest.fixture
def documents(shop: Workshop) -> Workshop:
    """The large table, which has 3000 rows here."""
    shop.ask(
        "CREATE SCHEMA kb; CREATE TABLE kb.documents (id bigint PRIMARY KEY, body text);"
        "INSERT INTO kb.documents SELECT g, 'x' FROM generate_series(1, 3000) g"
    )
    return shop


def test_the_files_of_the_example_make_the_column_not_null(documents: Workshop) -> None:
    for name, sql in files().items():
        documents.write(name, sql)
    finished = documents.apply()
    assert len(finished.applied) == 6
    assert documents.ask("SELECT DISTINCT language FROM kb.documents") == ["en"]
    assert documents.ask(
        "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'kb.documents'::regclass"
        " AND attname = 'language'"
    ) == [True]
    assert documents.ask("SELECT FROM pg_constraint WHERE conname = 'language_known'") == []


def test_the_files_take_the_locks_that_the_table_shows(documents: Workshop) -> None:
    expected = dict(LOCK.findall(README.read_text()))
    assert len(expected) == 6
    for name, sql in files().items():
        taken = "ShareUpdateExclusiveLock"  # of CREATE INDEX CONCURRENTLY, see its page
        if "CONCURRENTLY" not in sql:
            taken = strongest_lock(documents, sql)
        assert taken == expected[name[:8]], name
        documents.applies(name, sql)


def strongest_lock(shop: Workshop, sql: str) -> str:
    """The strongest lock that the statements hold on the table, in a transaction of their own."""
    with shop.database.connect() as conn:
        conn.execute("BEGIN")
        if ":from" in sql:
            body = re.sub(r"^--.*\n", "", sql, flags=re.M)
            text = range_statement(body.encode(), ["id"]).text
            conn.execute(text.replace(b"$1", b"1").replace(b"$2", b"9"))
        else:
            conn.execute(sql.encode())
        held = conn.execute(
            "SELECT mode FROM pg_locks WHERE relation = 'kb.documents'::regclass"
            " AND pid = pg_backend_pid()"
        ).fetchall()
        conn.execute("ROLLBACK")
    return max((mode for (mode,) in held if mode in LOCKS), key=LOCKS.index)


def test_the_other_examples_are_what_they_say(documents: Workshop) -> None:
    text = README.read_text()
    section = text[text.index("### Change large tables in batches") :]
    blocks = re.findall(r"^```sql\n(-- schemamig: .*?)```", section, re.M | re.S)[:2]
    documents.ask(
        "ALTER TABLE kb.documents ADD language text; CREATE FUNCTION detect_language(text)"
        " RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'en' $$;"
        "CREATE TABLE kb.jobs (id int PRIMARY KEY, state text);"
        "INSERT INTO kb.jobs SELECT g FROM generate_series(1, 2500) g"
    )
    for number, block in enumerate(blocks):
        documents.applies(f"000{number}_a.sql", block)
    assert documents.ask("SELECT DISTINCT language FROM kb.documents") == ["en"]
    assert documents.ask("SELECT DISTINCT state FROM kb.jobs") == ["new"]
