-- The session remembers a value of a sequence, and keeps some in its cache.
CREATE SEQUENCE s CACHE 10;
SELECT nextval('s');
CREATE TABLE t (x int DEFAULT nextval('s'));
INSERT INTO t VALUES (DEFAULT), (currval('s'));
