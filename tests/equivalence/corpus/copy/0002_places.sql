-- Data comes after the line, whatever else there is.
COPY t FROM stdin; -- what follows is data
first	; x
\.
INSERT INTO t VALUES ('x'); COPY t FROM stdin; -- data follow
in the	middle
\.
/* COPY t FROM stdin; */ COPY t /* from stdout; */ FROM
    stdin /* ; */
WHERE x <> 'not this';
not this	1
but	this
\.
COPY t FROM stdin;
\.
