-- And once more, statement by statement.
PREPARE add (int) AS INSERT INTO t VALUES (100 * $1);
EXECUTE add(1);
DECLARE c CURSOR WITH HOLD FOR SELECT x FROM t;
LISTEN news;
SELECT pg_advisory_lock(42);
VACUUM t;
EXECUTE add(2);
