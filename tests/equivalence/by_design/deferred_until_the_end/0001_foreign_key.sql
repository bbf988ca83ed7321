-- Deferred constraints wait for the end of the transaction.
-- psql: ERROR:  insert or update on table "seen" violates foreign key constraint "seen_what_fkey"
-- psql leaves:
-- ours: applied
-- we leave: a
CREATE TABLE allowed (what text PRIMARY KEY);
CREATE TABLE seen (what text REFERENCES allowed DEFERRABLE INITIALLY DEFERRED);
INSERT INTO seen VALUES ('a');
INSERT INTO allowed VALUES ('a');
