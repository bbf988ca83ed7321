-- A transaction of its own.
BEGIN;
INSERT INTO t VALUES ('a -- b', 'c');
-- COMMIT;
COMMIT;
