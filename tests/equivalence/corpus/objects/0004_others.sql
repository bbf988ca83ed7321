-- Large objects, foreign data, publications.
SELECT lo_from_bytea(4711, '\x0102ff'), lo_from_bytea(4712, 'gone');
SELECT lo_unlink(4712);
COMMENT ON LARGE OBJECT 4711 IS 'three bytes';
BEGIN;
SELECT lo_open(4711, 131072);
SELECT lowrite(0, '\xfe');
COMMIT;
CREATE FOREIGN DATA WRAPPER none;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER none OPTIONS (host 'it''s; there');
CREATE USER MAPPING FOR PUBLIC SERVER elsewhere;
CREATE FOREIGN TABLE far (x int) SERVER elsewhere;
CREATE PUBLICATION chosen FOR TABLE derived WHERE (x > 1);
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE SUBSCRIPTION nothing CONNECTION 'dbname=none' PUBLICATION p
    WITH (connect = false, slot_name = NONE, enabled = false);
ALTER SUBSCRIPTION nothing SET (slot_name = 'x');
ALTER SUBSCRIPTION nothing SET (slot_name = NONE);
DROP SUBSCRIPTION nothing;
