-- Unquoted, one may as well be the bound of a slice: only the server can tell. The error says so.
-- psql: applied
-- psql leaves: true
-- ours: ERROR:  syntax error at or near ":"
-- we leave:
CREATE TABLE seen AS SELECT (:VERSION_NUM > 1)::text AS what;
