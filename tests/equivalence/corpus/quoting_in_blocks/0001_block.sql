-- Strings that say COMMIT, in a transaction of the file's own.
BEGIN;
CREATE TABLE t (x text, "commit" int);
INSERT INTO t VALUES ('; COMMIT;'), ($$; ROLLBACK; BEGIN;$$);
-- COMMIT;
/* COMMIT; */
COMMENT ON TABLE t IS 'VACUUM; CREATE INDEX CONCURRENTLY';
ALTER TABLE t RENAME "commit" TO "rollback";
COMMIT;
