-- And once more.
SET client_encoding = 'LATIN1';
VACUUM t;
INSERT INTO t VALUES ('ü');
