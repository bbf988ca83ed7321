"""The migrations that are measured, each set also as one script for psql."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path

_HEAD = "-- Migration: {what} of orders_{n}\n-- Date: 2025-10-18\n\n"
_KINDS = {
    "Create the table": """\
CREATE TABLE orders_{n} (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer TEXT NOT NULL,
    amount NUMERIC(12, 2) NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idx_orders_{n}_customer ON orders_{n} (customer);

COMMENT ON TABLE orders_{n} IS 'Orders; one row each';
""",
    "Add the state": """\
ALTER TABLE orders_{n} ADD COLUMN state TEXT NOT NULL DEFAULT 'new';
ALTER TABLE orders_{n} ADD CONSTRAINT orders_{n}_state CHECK (state IN ('new', 'paid', 'sent'));
""",
    "Fill in the first rows": """\
INSERT INTO orders_{n} (customer, amount) VALUES
    ('Ada Lovelace', 12.50),
    ('Grace Hopper', 99.90),
    ('Edgar Codd', 1970.06);
UPDATE orders_{n} SET state = 'paid' WHERE amount < 50;
""",
    "Add a view": """\
CREATE VIEW open_orders_{n} AS SELECT id, customer, amount FROM orders_{n} WHERE state = 'new';
COMMENT ON VIEW open_orders_{n} IS 'What is still to be paid';
CREATE INDEX idx_orders_{n}_created ON orders_{n} (created_at);
ALTER TABLE orders_{n} ALTER COLUMN amount SET NOT NULL;
""",
}

_TOPIC = """\
CREATE TABLE topic_{n} (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent BIGINT REFERENCES topic_{n} (id) ON DELETE CASCADE,
    slug VARCHAR(80) NOT NULL UNIQUE,
    title TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',
    position INTEGER NOT NULL DEFAULT 0 CHECK (position >= 0),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX idx_topic_{n}_parent ON topic_{n} (parent);
CREATE INDEX idx_topic_{n}_position ON topic_{n} (position, created_at);
COMMENT ON TABLE topic_{n} IS 'What is written about';
COMMENT ON COLUMN topic_{n}.slug IS 'As it stands in the address';
CREATE TABLE topic_{n}_mark (
    topic BIGINT NOT NULL REFERENCES topic_{n} (id), reader BIGINT NOT NULL, note TEXT,
    PRIMARY KEY (topic, reader)
);
CREATE INDEX idx_topic_{n}_mark_reader ON topic_{n}_mark (reader);
CREATE FUNCTION touch_topic_{n}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;
CREATE TRIGGER touch BEFORE UPDATE ON topic_{n} FOR EACH ROW EXECUTE FUNCTION touch_topic_{n}();
CREATE VIEW topic_{n}_list AS SELECT id, slug, title FROM topic_{n} ORDER BY position;
INSERT INTO topic_{n} (slug, title, position)
    SELECT 'topic-' || i, 'Topic ' || i, i FROM generate_series(1, 200) AS i;
ALTER TABLE topic_{n} ADD COLUMN locked BOOLEAN NOT NULL DEFAULT false;
"""

_LEDGER = """\
CREATE SCHEMA kb;
CREATE TABLE kb.schema_migrations (
    id SERIAL PRIMARY KEY,
    filename VARCHAR(255) NOT NULL UNIQUE,
    applied_at TIMESTAMP NOT NULL DEFAULT NOW(),
    checksum VARCHAR(64),
    execution_time_ms INTEGER,
    success BOOLEAN NOT NULL DEFAULT TRUE,
    error_message TEXT
);
"""
_RECORD = (
    "INSERT INTO kb.schema_migrations"
    " (filename, applied_at, checksum, execution_time_ms, success, error_message)"
    " VALUES ('{name}', clock_timestamp(), '{checksum}', 0, true, NULL);\n"
)

_PAYMENTS = """\
CREATE TABLE payments (
    id INTEGER, customer TEXT, email TEXT, amount NUMERIC(12, 2), note TEXT, paid_at TIMESTAMPTZ
);
"""
_INSERT = "INSERT INTO payments (id, customer, email, amount, note, paid_at) VALUES\n"
_VALUES = (
    "({0}, 'Customer {0:07}', 'customer{0:07}@example.com', {1}.50, 'it''s paid; thanks',"
    " '2025-10-18 12:00:00+00')"
)
_COLUMNS = (
    "{0}\tCustomer {0:07}\tcustomer{0:07}@example.com\t{1}.50\tit's paid; thanks"
    "\t2025-10-18 12:00:00+00\n"
)


@dataclass(frozen=True)
class Sample:
    """The same work twice: a folder of migrations for us, a script for psql."""

    migrations: Path
    script: Path


def small_migrations(folder: Path, count: int) -> Sample:
    """``count`` files of two to four statements; the script adds BEGIN, ledger row and COMMIT."""
    migrations = folder / f"small_{count}"
    migrations.mkdir()
    script = folder / f"small_{count}.sql"
    with script.open("w") as floor:
        for number, (what, text) in zip(range(count), cycle(_KINDS.items()), strict=False):
            n = number // len(_KINDS)
            text = (_HEAD + text).format(n=n, what=what)
            name = f"{number:04}_{what.lower().replace(' ', '_')}.sql"
            (migrations / name).write_text(text)
            create = "" if number else _LEDGER
            checksum = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
            record = _RECORD.format(name=name, checksum=checksum)
            floor.write(f"BEGIN;\n{text}{create}{record}COMMIT;\n")
    return Sample(migrations, script)


def inserts(folder: Path, *, statements: int, rows: int) -> Sample:
    """One file of a table and INSERTs of so many ``rows`` each."""
    numbers = range(1, statements * rows, rows)
    pieces = (
        _INSERT
        + ",\n".join(_VALUES.format(n, n % 1000) for n in range(first, first + rows))
        + ";\n"
        for first in numbers
    )
    return _one_file(folder, f"inserts_{statements}_{rows}", pieces)


def copy(folder: Path, *, rows: int) -> Sample:
    """One file of a table and a COPY with its data."""
    data = (_COLUMNS.format(n, n % 1000) for n in range(rows))
    return _one_file(
        folder, f"copy_{rows}", chain(["COPY payments FROM stdin;\n"], data, ["\\.\n"])
    )


def history(folder: Path, count: int) -> Path:
    """The folder of so many files, each with all that belongs to a new part of an application."""
    migrations = folder / f"history_{count}"
    migrations.mkdir()
    for n in range(count):
        (migrations / f"{n:04}_topic.sql").write_text(_TOPIC.format(n=n))
    return migrations


def tables(folder: Path, count: int) -> Sample:
    """One file of so many tables, each with a key and an index."""
    pieces = (
        f"CREATE TABLE made_{n} (id bigint PRIMARY KEY, customer text NOT NULL, at timestamptz);\n"
        f"CREATE INDEX ON made_{n} (customer);\n"
        for n in range(count)
    )
    return _one_file(folder, f"tables_{count}", pieces)


def alterations(folder: Path, count: int) -> Path:
    """The folder of so many files, each of which adds a column to the table ``t`` of its number."""
    migrations = folder / f"alterations_{count}"
    migrations.mkdir()
    for n in range(count):
        text = f"ALTER TABLE t{n} ADD COLUMN state TEXT NOT NULL DEFAULT 'new';\n"
        (migrations / f"{n:04}_add_the_state.sql").write_text(text)
    return migrations


def without_transaction(folder: Path, statements: Iterable[str]) -> Sample:
    """One file whose statements run one by one; it takes the place of an earlier one."""
    pieces = chain(["-- schemamig: no-transaction\n"], (f"{one};\n" for one in statements))
    return _one_file(folder, "alone", pieces, head="")


def _one_file(folder: Path, name: str, pieces: Iterable[str], head: str = _PAYMENTS) -> Sample:
    migrations = folder / name
    migrations.mkdir(exist_ok=True)
    path = migrations / f"0001_{name}.sql"
    with path.open("w") as file:
        file.write(head)
        file.writelines(pieces)
    return Sample(migrations, path)
