ALTER TYPE mood ADD VALUE IF NOT EXISTS 'it''s fine' AFTER 'ok';
ALTER TYPE public."Size" ADD VALUE 'big';
ALTER TABLE people ALTER COLUMN size SET DEFAULT 'big';
CREATE INDEX ON people (name) WHERE mood = 'it''s fine';
CREATE VIEW fine AS SELECT name FROM people WHERE mood = 'it''s fine';
