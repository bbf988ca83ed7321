-- Deferred triggers wait for the end of the transaction, and see what there is then.
-- psql: applied
-- psql leaves: 1 rows, 2 rows
-- ours: applied
-- we leave: 2 rows, 2 rows
CREATE TABLE t (x int);
CREATE TABLE seen (what text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seen SELECT count(*) || ' rows' FROM t;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sees AFTER INSERT ON t
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see();
INSERT INTO t VALUES (1);
INSERT INTO t VALUES (2);
