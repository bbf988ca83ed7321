-- The file wants more isolation than it would get.
BEGIN ISOLATION LEVEL SERIALIZABLE;
CREATE TABLE t (x int, level text DEFAULT current_setting('transaction_isolation'));
INSERT INTO t VALUES (1);
COMMIT;
