-- The same by the setting.
BEGIN;
INSERT INTO t VALUES (3);
SET LOCAL transaction_read_only = on;
COMMIT;
