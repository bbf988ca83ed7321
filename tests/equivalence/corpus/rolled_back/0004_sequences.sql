-- What a sequence gave out stays given out.
CREATE SEQUENCE s;
BEGIN;
SELECT nextval('s') FROM generate_series(1, 7);
ROLLBACK;
INSERT INTO t SELECT nextval('s');
