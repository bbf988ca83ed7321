-- In a transaction of the file's own, and the end of the file ends the last line.
BEGIN;
CREATE TABLE copied (x int, y text DEFAULT 'it''s');
COPY copied (x) FROM stdin;
1
2
\.
SAVEPOINT a;
COPY copied FROM stdin;
3	three
\.
ROLLBACK TO a;
COPY copied TO stdout;
COPY (SELECT 'x;' FROM copied) TO STDOUT WITH CSV HEADER;
COPY t TO STDOUT (FORMAT binary);
COMMIT;
