-- The second COMMIT is one too many.
BEGIN;
BEGIN;
INSERT INTO t VALUES (6);
COMMIT;
COMMIT;
