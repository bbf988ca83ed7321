-- psql replaces its own variables. Quoted, they are refused before anything runs.
-- psql: applied
-- psql leaves: subject
-- ours: refused
-- we leave:
CREATE TABLE seen AS SELECT :'DBNAME'::text AS what;
