-- What pg_dump writes since 2025: a key guards the file against commands from its data.
\restrict abcDEF123
CREATE TABLE t (x int);
COPY t FROM stdin;
1
\.
\unrestrict abcDEF123
