-- A file that fails leaves nothing: this is what a transaction is for.
-- psql: ERROR:  division by zero
-- psql leaves: before
-- ours: ERROR:  division by zero
-- we leave:
CREATE TABLE seen (what text);
