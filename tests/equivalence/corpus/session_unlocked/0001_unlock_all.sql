-- The file gives up all advisory locks and everything else that the session has.
SELECT pg_advisory_lock(1);
SELECT pg_advisory_unlock_all();
CREATE TABLE a (x int);
