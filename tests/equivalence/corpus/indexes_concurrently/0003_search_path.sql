-- With a search path, and a session that goes on.
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE t (x int);
CREATE INDEX CONCURRENTLY ON t (x);
CREATE INDEX CONCURRENTLY ON t (x);
COMMENT ON INDEX t_x_idx1 IS 'the second';
