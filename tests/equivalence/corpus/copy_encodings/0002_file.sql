-- The other way round: the file is in LATIN1, the data of COPY is not.
SET client_encoding = 'LATIN1';
COPY t FROM stdin (ENCODING 'UTF8');
garÃ§on
\.
INSERT INTO t VALUES ('garçon');
