-- ON COMMIT DELETE ROWS empties the table after each statement in psql, after the file here.
-- psql: applied
-- psql leaves: 0 rows
-- ours: applied
-- we leave: 1 rows
CREATE TEMP TABLE t (x int) ON COMMIT DELETE ROWS;
INSERT INTO t VALUES (1);
CREATE TABLE seen AS SELECT count(*) || ' rows' AS what FROM t;
