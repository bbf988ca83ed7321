-- Prepared statements, cursors, channels, locks: all are left behind.
CREATE TABLE t (x int);
PREPARE add (int) AS INSERT INTO t VALUES ($1);
EXECUTE add(1);
EXECUTE add(2);
DECLARE c CURSOR WITH HOLD FOR SELECT x FROM t;
FETCH 1 FROM c;
LISTEN news;
NOTIFY news, 'heard by the session itself';
SELECT pg_advisory_lock(42), pg_advisory_lock_shared(43), pg_advisory_lock(4, 2);
