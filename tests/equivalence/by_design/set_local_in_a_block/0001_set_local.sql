-- What a block sets locally holds to the end of the transaction: of the DO in psql, of the file here.
-- psql: applied
-- psql leaves: 4MB
-- ours: applied
-- we leave: 9MB
CREATE TABLE seen (what text);
DO $$ BEGIN SET LOCAL work_mem = '9MB'; END $$;
INSERT INTO seen VALUES (current_setting('work_mem'));
