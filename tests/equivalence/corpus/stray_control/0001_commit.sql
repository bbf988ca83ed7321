-- Nothing is there to be committed, which the server only warns of.
CREATE TABLE t (x int);
COMMIT;
INSERT INTO t VALUES (1);
ROLLBACK;
INSERT INTO t VALUES (2);
