-- The same where the ledger is written while that is set.
SET client_encoding = 'SJIS';
INSERT INTO t VALUES ('•\');
VACUUM t;
INSERT INTO t VALUES ('ƒ\');
