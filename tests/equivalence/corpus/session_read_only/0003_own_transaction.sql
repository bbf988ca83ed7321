-- Set within a transaction of the file's own.
BEGIN;
INSERT INTO t VALUES (2);
SET default_transaction_read_only = on;
COMMIT;
