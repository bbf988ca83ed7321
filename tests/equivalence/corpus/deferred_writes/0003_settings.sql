-- A block between other statements.
INSERT INTO log (what) VALUES ('first');
BEGIN;
INSERT INTO t VALUES (3);
INSERT INTO log (what) VALUES ('second');
COMMIT;
INSERT INTO log (what) VALUES ('last');
