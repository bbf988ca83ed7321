-- The ledger has made its schema together with the first migration.
-- psql: applied
-- psql leaves: made
-- ours: ERROR:  schema "kb" already exists
-- we leave:
SELECT 1;
