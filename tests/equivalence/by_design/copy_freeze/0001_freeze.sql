-- COPY FREEZE is only for a table of the same transaction.
-- psql: ERROR:  cannot perform COPY FREEZE because the table was not created or truncated in the current subtransaction
-- psql leaves:
-- ours: applied
-- we leave: frozen
CREATE TABLE seen (what text);
COPY seen FROM stdin (FREEZE);
frozen
\.
