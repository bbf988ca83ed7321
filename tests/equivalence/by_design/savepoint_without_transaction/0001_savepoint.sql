-- The same in a file that is run without a transaction for another reason.
-- psql: ERROR:  SAVEPOINT can only be used in transaction blocks
-- psql leaves: before
-- ours: refused
-- we leave:
CREATE TABLE seen AS SELECT 'before' AS what;
VACUUM seen;
SAVEPOINT a;
