-- A comment follows instead.
VACUUM t;
INSERT INTO t VALUES (3) -- ;