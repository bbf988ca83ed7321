-- schemamig: no-transaction
-- What psql would fail at half-way is refused before anything runs.
-- psql: ERROR:  LOCK TABLE can only be used in transaction blocks
-- psql leaves: before
-- ours: refused
-- we leave:
CREATE TABLE seen AS SELECT 'before' AS what;
LOCK TABLE seen IN ACCESS EXCLUSIVE MODE;
