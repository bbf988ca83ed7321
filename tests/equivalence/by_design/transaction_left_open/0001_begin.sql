-- psql rolls back what is open at the end of the file, without a word.
-- psql: applied
-- psql leaves:
-- ours: refused
-- we leave:
BEGIN;
CREATE TABLE seen AS SELECT 1::text AS what;
