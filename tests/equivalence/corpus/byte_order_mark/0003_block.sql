BEGIN;
INSERT INTO t VALUES ('in a transaction of its own');
COMMIT;
