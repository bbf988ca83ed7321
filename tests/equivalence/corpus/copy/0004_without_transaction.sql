-- Without a transaction.
VACUUM copied;
COPY copied FROM stdin;
4	four
\.
COPY copied TO stdout;
BEGIN;
COPY copied FROM stdin;
5	five
\.
ROLLBACK;
TABLE copied;
COPY copied FROM stdin;
6	six
\.
