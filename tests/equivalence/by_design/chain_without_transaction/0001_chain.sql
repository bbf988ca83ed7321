-- The same for a COMMIT AND CHAIN that has nothing to commit.
-- psql: ERROR:  COMMIT AND CHAIN can only be used in transaction blocks
-- psql leaves: before
-- ours: refused
-- we leave:
CREATE TABLE seen AS SELECT 'before' AS what;
COMMIT AND CHAIN;
COMMIT;
