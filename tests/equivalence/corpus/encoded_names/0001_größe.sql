-- The name of the file is in UTF-8, whatever the file speaks.
SET client_encoding = 'LATIN1';
CREATE TABLE t (x text);
INSERT INTO t VALUES ('é');
