-- COPY data of every format, which looks like anything but data.
CREATE TABLE t (x text, y text);
COPY t FROM stdin;
; -- no statement	'
$$	/* "
back\\slash \t tab	\N
\\.	not the end
.\n	(
\.
COPY t (x) FROM STDIN WITH CSV;
"quoted, ""twice""; 'x'"
"several
lines"
$x$;
\.
copy public.t(x, y) from stdin (format csv, header true, delimiter ';', null '?', quote '''');
x;y
'it''s; quoted';?
\.
COPY "t" FROM STDIN DELIMITER '|' NULL '';
a|b
c|
\.
