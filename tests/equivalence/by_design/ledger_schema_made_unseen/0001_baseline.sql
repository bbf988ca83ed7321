-- schemamig: no-transaction
-- Without a transaction the ledger comes first, unless the file says CREATE SCHEMA in plain words.
-- psql: applied
-- psql leaves: made
-- ours: ERROR:  schema "kb" already exists
-- we leave:
DO $$ BEGIN EXECUTE format('CREATE %s kb', 'SCHEMA'); END $$;
CREATE TABLE seen AS SELECT 'made' AS what;
