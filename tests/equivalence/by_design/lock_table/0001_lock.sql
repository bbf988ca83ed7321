-- LOCK TABLE needs a transaction, which psql does not open.
-- psql: ERROR:  LOCK TABLE can only be used in transaction blocks
-- psql leaves:
-- ours: applied
-- we leave: done
CREATE TABLE seen (what text);
LOCK TABLE seen IN ACCESS EXCLUSIVE MODE;
INSERT INTO seen VALUES ('done');
