-- In a transaction of the file's own.
\set ON_ERROR_STOP 1
BEGIN;
\echo
INSERT INTO t VALUES (4);
COMMIT;
\echo done
