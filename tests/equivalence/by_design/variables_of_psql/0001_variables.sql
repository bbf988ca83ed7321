-- psql replaces its own variables.
-- psql: applied
-- psql leaves: subject
-- ours: ERROR:  syntax error at or near ":"
-- we leave:
CREATE TABLE seen AS SELECT :'DBNAME'::text AS what;
