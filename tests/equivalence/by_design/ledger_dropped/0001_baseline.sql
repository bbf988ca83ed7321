-- A migration that drops the ledger cannot be recorded in it.
-- psql: applied
-- psql leaves: after, before
-- ours: ERROR:  the migration ran, but the ledger could not be written: the file has dropped, renamed or moved kb.schema_migrations
-- we leave: before
CREATE TABLE seen AS SELECT 'before' AS what;
