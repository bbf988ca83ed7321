-- Every line ends in CR LF, in strings and data too.
CREATE TABLE t (x text, y text);
INSERT INTO t VALUES ('one
two', $$three
four$$);
COPY t FROM stdin;
5	six
7	\N
\.
COPY t FROM stdin WITH (FORMAT csv);
"eight
nine",ten
\.
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    -- a comment
    RETURN 'x';
END $$;
INSERT INTO t VALUES (f(), length(E'\r\n
')::text);
