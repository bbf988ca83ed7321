-- For a whole session, with a block.
SET default_transaction_isolation = serializable;
BEGIN;
INSERT INTO t VALUES (3);
COMMIT;
