-- Settings come and go with savepoints.
BEGIN;
SET search_path = public;
SAVEPOINT "commit";
SET search_path = nowhere;
SET LOCAL TIME ZONE 'UTC';
ROLLBACK TO "commit";
INSERT INTO t VALUES (6);
ROLLBACK TO SAVEPOINT "commit";
INSERT INTO t VALUES (7);
RELEASE "commit";
COMMIT;
