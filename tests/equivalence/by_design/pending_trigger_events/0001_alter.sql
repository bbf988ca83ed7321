-- A table cannot be altered while a check of its rows waits for the end. The error says what to do.
-- psql: applied
-- psql leaves: 1
-- ours: ERROR:  cannot ALTER TABLE "seen" because it has pending trigger events
-- we leave:
CREATE TABLE allowed (what text PRIMARY KEY);
CREATE TABLE seen (what text REFERENCES allowed DEFERRABLE INITIALLY DEFERRED);
INSERT INTO allowed VALUES (1);
INSERT INTO seen VALUES (1);
ALTER TABLE seen ADD extra int;
