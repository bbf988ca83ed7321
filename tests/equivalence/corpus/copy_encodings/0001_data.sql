-- The data is in the encoding that COPY names, the rest in that of the file.
CREATE TABLE t (what text);
COPY t FROM stdin WITH (FORMAT text, ENCODING 'LATIN1');
cafÈ
\.
COPY t FROM stdin (ENCODING latin1);
naÔve
\.
COPY t FROM stdin ENCODING 'WIN1252';
Ä 100
\.
COPY t FROM stdin (ENCODING 'SJIS');
ï\
\.
COPY t FROM stdin (ENCODING 'UTF8') WHERE what > '';
caf√©
\.
INSERT INTO t VALUES ('√©t√©');
