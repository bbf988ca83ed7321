-- Something to build indexes on.
CREATE TABLE t (x int, y text);
INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 100) AS i;
