"""Tables and columns that a migration drops are there again behind the draft, without rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemamig_tui.catalog.render import text
from tests.authoring.conftest import Drafts
from tests.conftest import Database

_TABLES = """
CREATE SCHEMA app;
CREATE ROLE dropping;
CREATE TYPE app.mood AS ENUM ('sad', 'ok');
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE app."Order" (id serial PRIMARY KEY, total numeric(10,2) NOT NULL DEFAULT 0,
    twice numeric GENERATED ALWAYS AS (total * 2) STORED, mood app.mood DEFAULT 'ok',
    moods app.mood[] DEFAULT '{}', "Big One" bigserial, code text COLLATE "C" UNIQUE);
CREATE TABLE app.line (id bigint GENERATED ALWAYS AS IDENTITY, order_id int NOT NULL
    REFERENCES app."Order" ON DELETE CASCADE, last_of int, n smallserial,
    PRIMARY KEY (order_id, id), CHECK (n > 0) NO INHERIT, EXCLUDE (n WITH =));
ALTER TABLE app."Order" ADD first_line int, ADD line_id bigint,
    ADD FOREIGN KEY (first_line, line_id) REFERENCES app.line DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE app."Order" DROP COLUMN first_line, ADD first_line int;
COMMENT ON COLUMN app.line.last_of IS 'the last one';
GRANT SELECT, UPDATE (n) ON app.line TO dropping WITH GRANT OPTION;
CREATE UNLOGGED TABLE app.cache (k text, v jsonb) WITH (fillfactor = 50,
    toast.autovacuum_enabled = false);
ALTER TABLE app.cache OWNER TO dropping;
ALTER TABLE app.cache ALTER k SET STORAGE EXTERNAL, ALTER k SET (n_distinct = 5),
    ALTER v SET STATISTICS 7;
ALTER TABLE app.cache ENABLE ROW LEVEL SECURITY, REPLICA IDENTITY FULL;
CREATE POLICY own ON app.cache USING (k = current_user);
CREATE INDEX cache_v ON app.cache USING gin (v) WHERE k > 'a';
CREATE TABLE app.nothing ();
CREATE TABLE app.parts (k int PRIMARY KEY, v text DEFAULT 'x' CHECK (v <> ''))
    PARTITION BY RANGE (k);
CREATE INDEX ON app.parts (v);
CREATE TRIGGER touch BEFORE UPDATE ON app.parts FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TABLE app.parts_1 PARTITION OF app.parts FOR VALUES FROM (1) TO (9);
CREATE TABLE app.parts_2 (v text DEFAULT 'x' CONSTRAINT parts_v_check CHECK (v <> ''),
    k int NOT NULL);
ALTER TABLE app.parts ATTACH PARTITION app.parts_2 FOR VALUES FROM (9) TO (20);
CREATE TABLE app.parts_d PARTITION OF app.parts DEFAULT PARTITION BY LIST (k);
CREATE TABLE app.parts_dx PARTITION OF app.parts_d FOR VALUES IN (99);
CREATE TABLE app.animal (name text NOT NULL CHECK (name <> ''), legs int DEFAULT 4);
CREATE TABLE app.bird (wings int DEFAULT 2, legs int DEFAULT 2) INHERITS (app.animal);
CREATE VIEW app.total AS SELECT sum(total) AS total FROM app."Order";
CREATE VIEW app.totals AS SELECT total FROM app.total;
CREATE TABLE app.late (a int, moods app.nothing[]);
CREATE FUNCTION app.sum_of_late() RETURNS bigint LANGUAGE sql
    BEGIN ATOMIC SELECT sum(a) FROM app.late; END;
CREATE FUNCTION app.of_late(app.late) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW app.first AS SELECT 1 AS a;
CREATE VIEW app.second AS SELECT a FROM app.late;
CREATE OR REPLACE VIEW app.first AS SELECT a FROM app.second;
CREATE POLICY as_late ON app.cache USING (k IN (SELECT a::text FROM app.late));
CREATE POLICY as_cached ON app.late USING (a::text IN (SELECT k FROM app.cache));
CREATE RULE late AS ON INSERT TO app.nothing DO ALSO INSERT INTO app.late VALUES (1);
CREATE FUNCTION app.is_fine(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE DOMAIN app.fine AS int CHECK (app.is_fine(VALUE));
COMMENT ON CONSTRAINT fine_check ON DOMAIN app.fine IS 'the finest';
CREATE TABLE app.numbered (id int GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5 CYCLE),
    code text UNIQUE WITH (fillfactor = 50), flag bool DEFAULT true);
ALTER SEQUENCE app.numbered_id_seq RENAME TO numbers;
COMMENT ON SEQUENCE app.numbers IS 'of identity';
COMMENT ON INDEX app.numbered_code_key IS 'of a constraint';
CREATE INDEX numbered_low ON app.numbered (lower(code));
ALTER INDEX app.numbered_low ALTER 1 SET STATISTICS 9;
CREATE STATISTICS app.of_numbers ON k, v FROM app.parts;
ALTER STATISTICS app.of_numbers SET STATISTICS 5;
CREATE TABLE app.owl () INHERITS (app.animal);
ALTER TABLE app.owl ALTER legs SET DEFAULT 2, ALTER legs SET NOT NULL;
"""

_DROPS = (
    'DROP TABLE app."Order" CASCADE',
    "DROP TABLE app.nothing, app.line, app.cache CASCADE",
    "DROP TABLE app.parts",
    "DROP TABLE app.parts_1, app.parts_2, app.parts_dx",
    "DROP TABLE app.animal CASCADE",
    "DROP TABLE app.bird",
    'ALTER TABLE app."Order" DROP id CASCADE, DROP total CASCADE, DROP mood, DROP moods,'
    ' DROP "Big One", DROP code, DROP first_line',
    "ALTER TABLE app.line DROP id CASCADE, DROP order_id, DROP last_of, DROP n",
    "ALTER TABLE app.cache DROP k CASCADE, DROP v",
    "ALTER TABLE app.parts DROP v",
    "ALTER TABLE app.bird DROP wings; ALTER TABLE app.animal DROP name",
    "DROP TYPE app.mood CASCADE",
    "DROP TABLE app.late CASCADE",
    "DROP TABLE app.late, app.cache CASCADE",
    "DROP TABLE app.nothing CASCADE",
    "ALTER TABLE app.late DROP a CASCADE",
    "DROP VIEW app.second CASCADE",
    "DROP FUNCTION app.is_fine CASCADE",
    "DROP DOMAIN app.fine",
    "DROP TABLE app.numbered",
    "ALTER TABLE app.numbered DROP id",
    "ALTER TABLE app.numbered DROP code",
    "ALTER TABLE app.numbered ALTER id DROP IDENTITY",
    "ALTER TABLE app.numbered ALTER flag DROP DEFAULT, ALTER flag TYPE smallint USING 1",
    "DROP TABLE app.owl",
    "DROP OWNED BY dropping CASCADE",
    "DROP SCHEMA app CASCADE",
)


@pytest.fixture(scope="module")
def with_tables(one_database: Database) -> Iterator[Database]:
    """A database with all kinds of tables, in which nothing ever stays."""
    with one_database.session() as conn:
        conn.execute(_TABLES)
    yield one_database
    with one_database.session() as conn:
        conn.execute("DROP OWNED BY dropping CASCADE; DROP ROLE dropping")


@pytest.fixture
def tables(tmp_path: Path, with_tables: Database) -> Drafts:
    """An empty folder, and the database with all kinds of tables."""
    return Drafts(tmp_path, with_tables)


@pytest.mark.parametrize("sql", _DROPS)
def test_the_schema_is_as_before(sql: str, tables: Drafts) -> None:
    tables.write("1.sql", f"{sql};")
    trial = tables.rollback("1.sql").trial
    assert (trial.left_out, trial.failed, text(trial.differences)) == (None, None, "")


@pytest.mark.postgres(min=17)
@pytest.mark.parametrize(
    ("create", "drop"),
    [
        (
            "CREATE TABLE app.p (a int, i int GENERATED ALWAYS AS IDENTITY) PARTITION BY LIST (a);"
            " CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES IN (1)",
            "DROP TABLE app.p",
        ),
        (
            "CREATE TABLE app.g (a int, b int GENERATED ALWAYS AS (a) STORED)",
            "ALTER TABLE app.g ALTER b SET EXPRESSION AS (a * 2), ALTER b TYPE bigint",
        ),
    ],
)
def test_what_newer_servers_have_is_as_before(create: str, drop: str, tables: Drafts) -> None:
    tables.write("1.sql", f"{create};")
    tables.write("2.sql", f"{drop};")
    trial = tables.rollback("2.sql").trial
    assert (trial.failed, text(trial.differences)) == (None, "")


def test_what_was_in_them_is_said_to_be_lost(tables: Drafts) -> None:
    tables.write("1.sql", 'DROP TABLE app.line CASCADE; ALTER TABLE app."Order" DROP twice;')
    rollback = tables.rollback("1.sql")
    draft = rollback.path.read_text()
    assert not rollback.complete
    assert "-- NOT TAKEN BACK: the data of table app.line." in draft
    assert "-- NOT TAKEN BACK: the value that sequence app.line_n_seq had." in draft
    # What the server computes comes back.
    assert "column twice" not in draft


def test_rows_that_a_column_without_a_default_cannot_be_added_to_are_told(tables: Drafts) -> None:
    tables.write(
        "1.sql",
        "INSERT INTO app.animal VALUES ('dog'); ALTER TABLE app.animal DROP COLUMN name;",
    )
    failed = tables.rollback("1.sql").trial.failed
    assert failed == 'line 11: column "name" of relation "animal" contains null values'


def test_a_type_that_was_swapped_is_swapped_back(tables: Drafts) -> None:
    tables.write(
        "1.sql",
        "ALTER TYPE app.mood RENAME TO was; CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'fine');"
        ' ALTER TABLE app."Order" ALTER mood DROP DEFAULT, ALTER moods DROP DEFAULT,'
        " ALTER mood TYPE app.mood USING mood::text::app.mood,"
        " ALTER moods TYPE app.mood[] USING moods::text::app.mood[]; DROP TYPE app.was;",
    )
    rollback = tables.rollback("1.sql")
    assert (rollback.complete, rollback.trial.as_before) == (True, True)
