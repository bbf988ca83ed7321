-- now() is the time when the transaction began.
-- psql: applied
-- psql leaves: 2 times
-- ours: applied
-- we leave: 1 times
CREATE TABLE times (at timestamptz DEFAULT now());
INSERT INTO times DEFAULT VALUES;
INSERT INTO times DEFAULT VALUES;
CREATE TABLE seen AS SELECT count(DISTINCT at) || ' times' AS what FROM times;
