-- A block is undone on purpose.
CREATE TABLE t (x int);
BEGIN;
INSERT INTO t VALUES (1);
CREATE TABLE never (x int);
ROLLBACK;
INSERT INTO t VALUES (2);
