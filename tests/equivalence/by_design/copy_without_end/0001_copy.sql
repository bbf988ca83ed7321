-- psql takes the end of the file for the end of the data; a cut-off file looks the same.
-- psql: applied
-- psql leaves: 1, 2
-- ours: refused
-- we leave:
CREATE TABLE seen (what text);
COPY seen FROM stdin;
1
2
