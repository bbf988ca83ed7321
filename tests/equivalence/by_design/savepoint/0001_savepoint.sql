-- SAVEPOINT and cursors need a transaction, too.
-- psql: ERROR:  SAVEPOINT can only be used in transaction blocks
-- psql leaves:
-- ours: applied
-- we leave: kept, kept
CREATE TABLE seen (what text);
SAVEPOINT before;
INSERT INTO seen VALUES ('lost');
ROLLBACK TO before;
INSERT INTO seen VALUES ('kept');
DECLARE rows CURSOR FOR SELECT what FROM seen FOR UPDATE;
MOVE NEXT IN rows;
UPDATE seen SET what = 'kept' WHERE CURRENT OF rows;
INSERT INTO seen TABLE seen;
