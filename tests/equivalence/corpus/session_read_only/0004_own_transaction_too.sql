-- Set within a transaction of the file's own, which only reads from then on.
BEGIN;
INSERT INTO t VALUES (2);
SET default_transaction_read_only = on;
COMMIT;
