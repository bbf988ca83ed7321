-- SET LOCAL holds to the end of the transaction: of the statement in psql, of the file here.
-- psql: applied
-- psql leaves: 4MB
-- ours: applied
-- we leave: 9MB
CREATE TABLE seen (what text);
SET LOCAL work_mem = '9MB';
INSERT INTO seen VALUES (current_setting('work_mem'));
