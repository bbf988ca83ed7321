-- All the same names once more, in a transaction of the file's own.
BEGIN;
PREPARE add (int) AS INSERT INTO t VALUES (10 * $1);
EXECUTE add(1);
DECLARE c CURSOR WITH HOLD FOR SELECT x FROM t;
LISTEN news;
SELECT pg_advisory_lock(42);
COMMIT;
