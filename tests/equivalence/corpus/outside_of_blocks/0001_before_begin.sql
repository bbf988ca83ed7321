-- Statements before BEGIN and after COMMIT are on their own.
CREATE TABLE t (x int, id text);
INSERT INTO t VALUES (1, 'a');
BEGIN;
INSERT INTO t VALUES (2, 'b');
COMMIT;
INSERT INTO t VALUES (3, 'c');
