-- The search path at the end is what counts.
BEGIN;
INSERT INTO t VALUES (1);
INSERT INTO log (what) VALUES ('between');
UPDATE t SET x = 2;
SET search_path = public, pg_catalog;
COMMIT;
