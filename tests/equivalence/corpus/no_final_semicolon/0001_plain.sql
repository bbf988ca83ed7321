-- The last statement has no semicolon.
CREATE TABLE t (x int);
INSERT INTO t VALUES (1)