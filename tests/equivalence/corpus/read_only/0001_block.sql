-- Nothing can be written in a block that only reads, not even a ledger.
CREATE TABLE t (x int);
INSERT INTO t VALUES (1);
BEGIN READ ONLY;
SELECT * FROM t;
COMMIT;
