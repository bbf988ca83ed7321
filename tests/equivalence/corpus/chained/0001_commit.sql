-- COMMIT AND CHAIN begins the next transaction, of the same sort.
CREATE TABLE t (x int, level text DEFAULT current_setting('transaction_isolation'));
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO t VALUES (1);
COMMIT AND CHAIN;
INSERT INTO t VALUES (2);
ROLLBACK AND CHAIN;
INSERT INTO t VALUES (3);
COMMIT;
INSERT INTO t VALUES (4);
