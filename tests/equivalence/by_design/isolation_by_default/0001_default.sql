-- The default counts for the next transaction: the next statement in psql, the next file here.
-- psql: applied
-- psql leaves: serializable
-- ours: applied
-- we leave: read committed
CREATE TABLE seen (what text);
SET default_transaction_isolation = serializable;
INSERT INTO seen VALUES (current_setting('transaction_isolation'));
