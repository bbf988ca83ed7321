-- In GBK it may be a backslash or a pipe, in a name as well.
SET client_encoding = 'GBK';
CREATE TABLE "gbk\" (name text);
INSERT INTO "gbk\" VALUES ('\'), ('|; Äã');
COPY "gbk\" FROM stdin;
ÄãºÃ
\.
