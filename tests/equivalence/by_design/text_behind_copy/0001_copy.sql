-- psql runs what follows on the line after the data; a reader sees it before them.
-- psql: applied
-- psql leaves: 1, behind
-- ours: refused
-- we leave:
CREATE TABLE seen (what text);
COPY seen FROM stdin; INSERT INTO seen VALUES ('behind');
1
\.
