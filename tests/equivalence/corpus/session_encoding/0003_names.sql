-- SET NAMES, and COPY data in that encoding.
SET NAMES 'WIN1252';
COPY café (über) FROM stdin;
€ 100
“quoted”
\.
RESET client_encoding;
INSERT INTO cafÃ© VALUES ('â‚¬');
