-- The same for a cursor that ends with its transaction.
-- psql: ERROR:  DECLARE CURSOR can only be used in transaction blocks
-- psql leaves: before
-- ours: refused
-- we leave:
CREATE TABLE seen AS SELECT 'before' AS what;
BEGIN;
COMMIT;
DECLARE c CURSOR FOR SELECT 1;
