"""A draft of a pending migration brings the schema back: tried with each kind of statement."""

import pytest

from tests.authoring.conftest import Drafts

# Each takes itself back with what stands on the right, which is looked at where it matters.
_CERTAIN = {
    "CREATE SCHEMA new": "DROP SCHEMA new;",
    "CREATE SCHEMA IF NOT EXISTS app": "",
    "CREATE SCHEMA IF NOT EXISTS new": "DROP SCHEMA new;",
    "CREATE TABLE app.new (i int)": "DROP TABLE app.new;",
    'CREATE TABLE app."Order" (i serial PRIMARY KEY)': 'DROP TABLE app."Order";',
    "CREATE UNLOGGED TABLE IF NOT EXISTS app.new (i int)": "DROP TABLE app.new;",
    "CREATE TABLE IF NOT EXISTS app.t (i int)": "",
    "CREATE TABLE app.new AS SELECT 1 AS one": "DROP TABLE app.new;",
    "SELECT 1 AS one INTO app.new": "DROP TABLE app.new;",
    "CREATE TABLE app.new PARTITION OF app.parts FOR VALUES IN (9)": None,
    "CREATE TEMP TABLE new (i int)": "",
    "CREATE VIEW app.new AS SELECT 1 AS one": "DROP VIEW app.new;",
    "CREATE OR REPLACE VIEW app.v AS SELECT id, a FROM app.t": None,
    "CREATE OR REPLACE VIEW app.v AS SELECT id, a, b FROM app.t": None,
    "CREATE MATERIALIZED VIEW app.new AS SELECT 1 AS one": "DROP MATERIALIZED VIEW app.new;",
    "CREATE INDEX new ON app.t (b)": "DROP INDEX app.new;",
    "CREATE INDEX ON app.t (b, c)": "DROP INDEX app.t_b_c_idx;",
    "CREATE UNIQUE INDEX IF NOT EXISTS t_a ON app.t (b)": "",
    "CREATE SEQUENCE app.new": "DROP SEQUENCE app.new;",
    "CREATE TYPE app.new AS ENUM ('a')": "DROP TYPE app.new;",
    "CREATE TYPE app.new AS (i int)": "DROP TYPE app.new;",
    "CREATE TYPE app.new AS RANGE (subtype = int)": "DROP TYPE app.new;",
    "CREATE DOMAIN app.new AS int CHECK (VALUE > 0)": "DROP DOMAIN app.new;",
    "CREATE FUNCTION app.new(a int = 1, OUT b int) LANGUAGE sql AS 'SELECT 1'": None,
    "CREATE OR REPLACE FUNCTION app.f(a int, b text DEFAULT 'y') RETURNS int LANGUAGE sql"
    " AS 'SELECT 2'": None,
    "CREATE OR REPLACE FUNCTION app.f(a text DEFAULT 'x') RETURNS text LANGUAGE sql"
    " AS 'SELECT 1'": None,
    "DROP FUNCTION app.f(text); CREATE FUNCTION app.f(b text) RETURNS text LANGUAGE sql"
    " AS 'SELECT 1'": None,
    "CREATE OR REPLACE PROCEDURE app.p(x int) LANGUAGE sql AS 'SELECT 2'": None,
    "CREATE AGGREGATE app.new (int) (sfunc = int4pl, stype = int)": "DROP AGGREGATE app.new(int);",
    "CREATE AGGREGATE app.new (basetype = int, sfunc = int4pl, stype = int)": None,
    "CREATE TRIGGER new BEFORE UPDATE ON app.t FOR EACH ROW EXECUTE FUNCTION app.touch()": (
        "DROP TRIGGER new ON app.t;"
    ),
    "CREATE OR REPLACE TRIGGER t_touch BEFORE UPDATE ON app.t"
    " FOR EACH ROW EXECUTE FUNCTION app.touch()": None,
    "CREATE EVENT TRIGGER new ON sql_drop EXECUTE FUNCTION app.drops()": None,
    "CREATE RULE new AS ON UPDATE TO app.v DO INSTEAD NOTHING": "DROP RULE new ON app.v;",
    "CREATE POLICY new ON app.t USING (true)": "DROP POLICY new ON app.t;",
    'CREATE COLLATION app.new FROM "C"': "DROP COLLATION app.new;",
    "CREATE OPERATOR app.=== (leftarg = int, rightarg = int, function = int4eq)": (
        "DROP OPERATOR app.=== (int, int);"
    ),
    "CREATE OPERATOR CLASS app.new FOR TYPE int USING hash AS OPERATOR 1 =,"
    " FUNCTION 1 hashint4(int)": (
        "DROP OPERATOR CLASS app.new USING hash;\nDROP OPERATOR FAMILY app.new USING hash;"
    ),
    "CREATE OPERATOR FAMILY app.new USING btree": "DROP OPERATOR FAMILY app.new USING btree;",
    "CREATE CAST (app.mood AS int) WITH INOUT": "DROP CAST (app.mood AS int);",
    "CREATE STATISTICS app.new ON a, c FROM app.t": "DROP STATISTICS app.new;",
    "CREATE TEXT SEARCH CONFIGURATION app.new (copy = simple)": None,
    "CREATE TEXT SEARCH DICTIONARY app.new (template = simple)": None,
    "CREATE FOREIGN DATA WRAPPER new": "DROP FOREIGN DATA WRAPPER new;",
    "CREATE PUBLICATION new FOR TABLE app.t": "DROP PUBLICATION new;",
    "CREATE ROLE reverted": "DROP ROLE reverted;",
    "ALTER TABLE app.t ADD COLUMN new int": "ALTER TABLE app.t DROP COLUMN new;",
    "ALTER TABLE app.t ADD COLUMN IF NOT EXISTS a int": "",
    "ALTER TABLE app.t ADD new int UNIQUE CHECK (new > 0) REFERENCES app.parent": None,
    "ALTER TABLE app.t ADD CONSTRAINT new CHECK (a < 9)": "ALTER TABLE app.t DROP CONSTRAINT new;",
    "ALTER TABLE app.t ADD CHECK (a < 9), ADD UNIQUE (c)": None,
    "ALTER TABLE app.defaults ADD CONSTRAINT new PRIMARY KEY (i)": None,
    "ALTER TABLE app.t ADD CONSTRAINT t_plain UNIQUE USING INDEX t_plain": None,
    "ALTER TABLE app.t DROP CONSTRAINT t_parent": None,
    "ALTER TABLE app.t DROP CONSTRAINT t_pkey CASCADE": None,
    "ALTER TABLE app.t ALTER a SET DEFAULT 9": "ALTER TABLE app.t ALTER COLUMN a SET DEFAULT 7;",
    "ALTER TABLE app.t ALTER COLUMN b DROP DEFAULT": (
        "ALTER TABLE app.t ALTER COLUMN b SET DEFAULT 'it''s \\'::text;"
    ),
    "ALTER TABLE app.t ALTER c SET DEFAULT 'x'": "ALTER TABLE app.t ALTER COLUMN c DROP DEFAULT;",
    "ALTER TABLE app.t ALTER a SET NOT NULL": "ALTER TABLE app.t ALTER COLUMN a DROP NOT NULL;",
    "ALTER TABLE app.t ALTER b SET NOT NULL": "",
    "ALTER TABLE app.t ALTER b DROP NOT NULL": "ALTER TABLE app.t ALTER COLUMN b SET NOT NULL;",
    "ALTER TABLE app.known ALTER a DROP NOT NULL": None,
    'ALTER TABLE app.t ALTER c TYPE text COLLATE "POSIX"': None,
    "ALTER TABLE app.parent ALTER id TYPE bigint": None,
    "ALTER TABLE app.t ALTER b SET STATISTICS 10, ALTER b SET (n_distinct = 5)": None,
    "ALTER TABLE app.t ALTER b SET STORAGE MAIN": None,
    "ALTER TABLE app.t ALTER id SET GENERATED ALWAYS": None,
    "ALTER TABLE app.parent ALTER id ADD GENERATED ALWAYS AS IDENTITY": None,
    "ALTER TABLE app.t RENAME TO u": "ALTER TABLE app.u RENAME TO t;",
    "ALTER TABLE app.t RENAME COLUMN a TO z": "ALTER TABLE app.t RENAME COLUMN z TO a;",
    "ALTER TABLE app.t RENAME a TO z": "ALTER TABLE app.t RENAME z TO a;",
    "ALTER TABLE app.t RENAME CONSTRAINT t_parent TO k": None,
    "ALTER TABLE app.t SET SCHEMA other": "ALTER TABLE other.t SET SCHEMA app;",
    "SET search_path = app; ALTER TABLE t SET SCHEMA other": None,
    "ALTER TABLE app.t OWNER TO reverting": None,
    "ALTER TABLE app.parts_2 SET UNLOGGED": None,
    "ALTER TABLE app.parent SET (fillfactor = 50, autovacuum_enabled = false)": None,
    "ALTER TABLE app.parent RESET (fillfactor)": None,
    "ALTER TABLE app.t REPLICA IDENTITY FULL": None,
    "ALTER TABLE app.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY": None,
    "ALTER TABLE app.t DISABLE TRIGGER t_touch": None,
    "ALTER TABLE app.t ENABLE ALWAYS TRIGGER t_touch": None,
    "ALTER TABLE app.t DISABLE RULE t_rule": None,
    "ALTER TABLE app.parts ATTACH PARTITION app.parts_2 FOR VALUES IN (2)": None,
    "ALTER TABLE app.parts DETACH PARTITION app.parts_1": None,
    "ALTER TABLE app.child NO INHERIT app.parent": None,
    "ALTER TABLE app.child ALTER name SET DEFAULT 'x', ALTER name SET STATISTICS 9": None,
    "ALTER TABLE app.parent ALTER name SET DEFAULT 'x'": (
        "ALTER TABLE app.parent ALTER COLUMN name DROP DEFAULT;"
    ),
    "ALTER TABLE app.child ALTER name SET DEFAULT 'y'; ALTER TABLE app.parent ALTER name"
    " SET DEFAULT 'x'": None,
    "ALTER TABLE app.child ALTER name SET NOT NULL": (
        "ALTER TABLE app.child ALTER COLUMN name DROP NOT NULL;"
    ),
    "GRANT UPDATE (name) ON app.child TO reverting": (
        "REVOKE UPDATE (name) ON TABLE app.child FROM reverting;"
    ),
    "ALTER TABLE app.parts_1 DISABLE TRIGGER parts_touch": (
        "ALTER TABLE app.parts_1 ENABLE TRIGGER parts_touch;"
    ),
    "ALTER TABLE app.parts DISABLE TRIGGER parts_touch": (
        "ALTER TABLE app.parts ENABLE TRIGGER parts_touch;"
    ),
    "ALTER TABLE app.t ALTER CONSTRAINT t_parent DEFERRABLE": None,
    "ALTER INDEX app.t_a RENAME TO t_z": "ALTER INDEX app.t_z RENAME TO t_a;",
    "ALTER VIEW app.v RENAME TO w": "ALTER VIEW app.w RENAME TO v;",
    "ALTER VIEW app.v RENAME COLUMN a TO z": None,
    "ALTER VIEW app.v SET (security_barrier = false)": None,
    "ALTER VIEW app.v ALTER a SET DEFAULT 3": None,
    "ALTER SEQUENCE app.numbers INCREMENT BY 2 MAXVALUE 99 CYCLE": None,
    "ALTER SEQUENCE app.numbers OWNED BY app.t.a": "ALTER SEQUENCE app.numbers OWNED BY NONE;",
    "ALTER SEQUENCE app.owned OWNED BY NONE": None,
    "ALTER SEQUENCE app.numbers RENAME TO n": "ALTER SEQUENCE app.n RENAME TO numbers;",
    "ALTER TYPE app.mood RENAME VALUE 'ok' TO 'fine'": None,
    "ALTER TYPE app.pair ADD ATTRIBUTE c int": "ALTER TYPE app.pair DROP ATTRIBUTE c;",
    "ALTER TYPE app.pair RENAME ATTRIBUTE a TO z CASCADE": None,
    "ALTER TYPE app.pair ALTER ATTRIBUTE a TYPE bigint": None,
    "ALTER TYPE app.mood SET SCHEMA other": "ALTER TYPE other.mood SET SCHEMA app;",
    "ALTER DOMAIN app.email SET DEFAULT 'a@b'": None,
    "ALTER DOMAIN app.email DROP CONSTRAINT has_at": None,
    "ALTER DOMAIN app.email ADD CONSTRAINT new CHECK (VALUE <> '')": None,
    "ALTER DOMAIN app.email SET NOT NULL": "ALTER DOMAIN app.email DROP NOT NULL;",
    "ALTER DOMAIN app.known_int DROP NOT NULL": None,
    "ALTER FUNCTION app.f(int, text) RENAME TO g": "ALTER FUNCTION app.g(int, text) RENAME TO f;",
    "ALTER FUNCTION app.f(int, text) VOLATILE COST 5": None,
    "ALTER FUNCTION app.f(text) SET search_path = app": None,
    "ALTER FUNCTION app.f(text) OWNER TO reverting": None,
    "ALTER SCHEMA other RENAME TO another": "ALTER SCHEMA another RENAME TO other;",
    "ALTER SCHEMA other OWNER TO reverting": None,
    "ALTER POLICY t_own ON app.t RENAME TO new": "ALTER POLICY new ON app.t RENAME TO t_own;",
    "ALTER POLICY t_own ON app.t USING (a > 2)": None,
    "ALTER TRIGGER t_touch ON app.t RENAME TO new": "ALTER TRIGGER new ON app.t RENAME TO t_touch;",
    "ALTER RULE t_rule ON app.t RENAME TO new": "ALTER RULE new ON app.t RENAME TO t_rule;",
    "ALTER PUBLICATION pub ADD TABLE app.t": "ALTER PUBLICATION pub DROP TABLE app.t;",
    "ALTER ROLE reverting RENAME TO reverted": "ALTER ROLE reverted RENAME TO reverting;",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reverting": None,
    "DROP VIEW app.v": None,
    "DROP VIEW app.v2 CASCADE": None,
    "DROP FUNCTION app.one() CASCADE": None,
    "DROP VIEW IF EXISTS app.missing": "",
    "DROP MATERIALIZED VIEW app.mv": None,
    "DROP INDEX app.t_a, app.t_low": None,
    "DROP INDEX app.mv_a": None,
    "DROP INDEX app.parts_2_k": None,
    "ALTER TABLE app.parent DROP CONSTRAINT parent_name_key": None,
    "DROP FUNCTION app.f(int, text)": None,
    "DROP PROCEDURE app.p": None,
    "DROP TRIGGER t_touch ON app.t": None,
    "DROP TRIGGER t_late ON app.t": None,
    "DROP RULE t_rule ON app.t": None,
    "DROP POLICY t_own ON app.t": None,
    "DROP TYPE app.mood": None,
    "DROP TYPE app.pair": None,
    "DROP DOMAIN app.email": None,
    "DROP SCHEMA other": "CREATE SCHEMA other;",
    "DROP STATISTICS app.st": None,
    "DROP FUNCTION app.touch() CASCADE": None,
    "COMMENT ON TABLE app.t IS 'new'": "COMMENT ON TABLE app.t IS 'the old comment';",
    "COMMENT ON COLUMN app.t.a IS NULL": "COMMENT ON COLUMN app.t.a IS 'the old column';",
    "COMMENT ON COLUMN app.t.b IS 'new'": "COMMENT ON COLUMN app.t.b IS NULL;",
    "COMMENT ON CONSTRAINT t_parent ON app.t IS 'new'": None,
    "COMMENT ON FUNCTION app.f(int, text) IS 'new'": None,
    "COMMENT ON ROLE reverting IS 'new'": "COMMENT ON ROLE reverting IS 'the old role';",
    "COMMENT ON SCHEMA public IS 'new'": "COMMENT ON SCHEMA public IS 'standard public schema';",
    "GRANT INSERT ON app.t TO reverting": "REVOKE INSERT ON TABLE app.t FROM reverting;",
    "GRANT SELECT ON app.t TO reverting": "",
    "GRANT SELECT ON app.t TO reverting WITH GRANT OPTION": None,
    "GRANT SELECT ON ALL TABLES IN SCHEMA app TO reverting": None,
    "GRANT EXECUTE ON FUNCTION app.f(int, text) TO PUBLIC": None,
    "GRANT USAGE ON FOREIGN SERVER far TO reverting": (
        "REVOKE USAGE ON FOREIGN SERVER far FROM reverting;"
    ),
    "GRANT pg_monitor TO reverting": "REVOKE pg_monitor FROM reverting;",
    "REVOKE SELECT ON app.t FROM reverting": "GRANT SELECT ON TABLE app.t TO reverting;",
    "REVOKE ALL ON app.v FROM reverting": None,
    "REVOKE GRANT OPTION FOR SELECT ON app.v FROM reverting": None,
    "REVOKE USAGE ON SCHEMA app FROM reverting": None,
    "REVOKE EXECUTE ON FUNCTION app.f(text) FROM PUBLIC": None,
    "DO $$ BEGIN CREATE TABLE app.new (i int); CREATE TYPE app.kind AS ENUM ('a'); END $$": None,
    "DO $$ BEGIN PERFORM 1; RAISE NOTICE 'nothing'; END $$": "",
    "SELECT pg_sleep(0)": "",
    "SET search_path = app; CREATE INDEX new ON t (b)": ("SET search_path = app;\nDROP INDEX new;"),
    "LOCK app.t; ANALYZE app.t; NOTIFY x; SHOW search_path": "",
    # What the file makes itself goes as one.
    "CREATE TABLE app.new (i int); COMMENT ON TABLE app.new IS 'x'; CREATE INDEX ON app.new (i);"
    " INSERT INTO app.new VALUES (1); GRANT SELECT ON app.new TO reverting;"
    " ALTER TABLE app.new ADD j int; UPDATE app.new SET j = 1": "DROP TABLE app.new;",
    "CREATE TABLE app.new (i int); INSERT INTO app.new VALUES (1); DROP TABLE app.new": "",
    "CREATE SEQUENCE app.new; ALTER TABLE app.t ADD new int DEFAULT nextval('app.new');"
    " ALTER SEQUENCE app.new OWNED BY app.t.new": "ALTER TABLE app.t DROP COLUMN new;",
    "CREATE UNIQUE INDEX new ON app.t (c); ALTER TABLE app.t ADD CONSTRAINT new UNIQUE"
    " USING INDEX new": None,
    "ALTER TABLE app.t ADD new int; ALTER TABLE app.t DROP COLUMN IF EXISTS new": "",
    # What it needs of what is made behind it goes before that.
    "CREATE TABLE app.new (i int); CREATE FUNCTION app.newer() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN new; END'; CREATE TRIGGER g BEFORE UPDATE ON app.new"
    " FOR EACH ROW EXECUTE FUNCTION app.newer()": (
        "DROP TRIGGER g ON app.new;\nDROP FUNCTION app.newer();\nDROP TABLE app.new;"
    ),
    "CREATE TABLE app.new (i int); CREATE SEQUENCE app.newer; ALTER TABLE app.new ALTER i SET"
    " DEFAULT nextval('app.newer')": (
        "ALTER TABLE app.new ALTER COLUMN i DROP DEFAULT;\nDROP SEQUENCE app.newer;\n"
        "DROP TABLE app.new;"
    ),
    "CREATE TABLE app.new (i int); CREATE ROLE reverted; GRANT SELECT ON app.new TO reverted": None,
    # What was there before does not go along.
    "CREATE TABLE app.new (k int, v text) PARTITION BY LIST (k);"
    " ALTER TABLE app.new ATTACH PARTITION app.parts_2 FOR VALUES IN (2)": None,
    "CREATE TABLE app.new (i int); ALTER SEQUENCE app.numbers OWNED BY app.new.i": (
        "ALTER SEQUENCE app.numbers OWNED BY NONE;\nDROP TABLE app.new;"
    ),
    "CREATE TABLE app.new (i int); ALTER TABLE app.new RENAME TO newer": (
        "ALTER TABLE app.newer RENAME TO new;\nDROP TABLE app.new;"
    ),
}


@pytest.mark.parametrize("sql", _CERTAIN)
def test_the_schema_is_as_before(sql: str, changes: Drafts) -> None:
    if "app.drops()" in sql:
        sql = (
            "CREATE FUNCTION app.drops() RETURNS event_trigger LANGUAGE plpgsql"
            f" AS 'BEGIN END'; {sql}"
        )
    reversal = changes.reversal(f"{sql};")
    if (expected := _CERTAIN.get(sql)) is not None:
        assert reversal == expected
