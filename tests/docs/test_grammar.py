"""Whatever a database has, DBML's own grammar takes the file, and it says the same again."""

import random
from pathlib import Path

import psycopg

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.docs.document import (
    Check,
    Column,
    DbmlTable,
    Default,
    Document,
    Enum,
    EnumValue,
    Index,
    IndexElement,
    Note,
)
from schemamig_tui.docs.from_catalog import document, read_schema
from schemamig_tui.docs.parser import parse
from tests.docs.conftest import Accepted

EVERYTHING = Path(__file__).with_name("everything.sql").read_text(encoding="utf-8")
_HARD = [
    *"""aZ09_ '"`\\\n\t\r{}[]()~#/*:.,;<>-=é😀\u2028\u0085\u00a0\u200b""",
    "'''",
    "//",
    "/*",
    "\\u",
]
_SHOP = """
CREATE SCHEMA shop{0};
CREATE TYPE shop{0}.state AS ENUM ('new', 'paid', 'sent');
CREATE TABLE shop{0}.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
    email text NOT NULL UNIQUE, since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE shop{0}.customers IS 'Who buys';
CREATE TABLE shop{0}.orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer bigint NOT NULL REFERENCES shop{0}.customers ON DELETE CASCADE,
    state shop{0}.state NOT NULL DEFAULT 'new', total numeric(12, 2) CHECK (total >= 0)
);
CREATE INDEX ON shop{0}.orders (customer, state) WHERE state <> 'sent';
CREATE TABLE shop{0}.lines (
    "order" bigint REFERENCES shop{0}.orders, number int, article text DEFAULT 'none',
    PRIMARY KEY ("order", number)
);
CREATE VIEW shop{0}.open AS SELECT * FROM shop{0}.orders WHERE state = 'new';
"""
_LOG = """
CREATE TABLE log{0} (at timestamptz NOT NULL, what jsonb, PRIMARY KEY (at))
    PARTITION BY RANGE (at);
CREATE TABLE log{0}_old PARTITION OF log{0} FOR VALUES FROM (MINVALUE) TO ('2025-01-01');
CREATE TABLE log{0}_new PARTITION OF log{0} FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
"""
_WIDE = "CREATE TABLE wide{0} (id int PRIMARY KEY, up int REFERENCES wide{1}, {2});"


def test_a_schema_that_has_everything(server: Embedded, accepted: Accepted) -> None:
    read = _document(server, EVERYTHING)
    (text,) = accepted(read)
    assert parse(text) == read
    assert len(read.tables) == 10
    assert len(read.refs) == 6
    # What it cannot say is in a note.
    for line in (
        "- constraint no_overlap: EXCLUDE USING gist (at WITH &&) WHERE (part > 0)",
        "- policy mine: as permissive for select to PUBLIC using (note = CURRENT_USER) -- own ones",
        "- inherits kb.authors",
        "- partition by RANGE (at)",
        "- table kb.events_2025: partition of kb.events FOR VALUES FROM",
        "enum kb.nothing",
        "enum kb.state -- Where a document stands",
        "table public.no_columns -- holds nothing",
    ):
        assert f"\n  {line}" in text
    assert read.beyond > 40


def test_three_schemas_of_real_size(server: Embedded, accepted: Accepted) -> None:
    columns = ", ".join(f"c{number} text DEFAULT 'it''s {number}'" for number in range(40))
    scripts = (
        "".join(_SHOP.format(number) for number in range(40)),
        "".join(_LOG.format(number) for number in range(60)),
        "".join(_WIDE.format(number, max(number - 1, 0), columns) for number in range(80)),
    )
    documents = [_document(server, script) for script in scripts]
    assert [*map(parse, accepted(*documents))] == documents


def test_the_order_does_not_depend_on_when_something_was_made(server: Embedded) -> None:
    parts = (
        "CREATE TABLE b (id int PRIMARY KEY);",
        "CREATE TABLE a (id int CONSTRAINT key PRIMARY KEY);",
        "CREATE SCHEMA s; CREATE TYPE s.e AS ENUM ('z', 'a');",
        "CREATE VIEW v AS SELECT 1 AS one;",
    )
    assert _document(server, "".join(parts)) == _document(server, "".join(reversed(parts)))


def test_only_some_schemas_and_what_is_left_out(server: Embedded) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        conn.execute("BEGIN")
        conn.execute(EVERYTHING.encode())
        read = document(read_schema(conn), "x", ["public"])
        conn.execute("ROLLBACK")
    assert [table.path[0] for table in read.tables] == ["public"] * 3
    assert [title for title, _ in read.notes] == ["schema public"]
    assert read.left_out == 4  # two extensions, an event trigger, a publication


def _document(server: Embedded, script: str) -> Document:
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        conn.execute("BEGIN")
        conn.execute(script.encode())
        read = document(read_schema(conn), "test")
        conn.execute("ROLLBACK")
    return read


def test_any_name_and_any_text_comes_back_as_it_was(accepted: Accepted) -> None:
    chance = random.Random(13)

    def text() -> str:
        return "".join(chance.choices(_HARD, k=chance.randint(1, 12)))

    def name(number: int) -> str:
        return f"{text()}{number}"

    def note() -> Note:
        given = chance.choice(["", text(), f"{text()}\n{text()}\n\n  {text()}"])
        return Note(given, chance.choice(["", text()]))

    tables = tuple(
        DbmlTable(
            (name(number), name(number)),
            (
                Column(f"a{text()}", (text(),), note=note(), default=Default(text(), "'")),
                Column(f"b{text()}", ("text",), default=Default(text().replace("`", ""))),
            ),
            (Index((IndexElement(text().replace("`", ""), True),), text(), note=note()),),
            (Check(text().replace("`", ""), text()),),
            note(),
        )
        for number in range(300)
    )
    enums = tuple(
        Enum((name(number), name(number)), (EnumValue(f"{text()}0"), EnumValue(f"{text()}1")))
        for number in range(50)
    )
    written = Document(text(), enums, tables, notes=(("a note", text()),), note=note())
    assert parse(*accepted(written)) == written
