-- schemamig: no-transaction
-- Added and used in one file.
ALTER TYPE mood ADD VALUE 'ecstatic' AFTER 'happy';
INSERT INTO people VALUES ('Cid', 'ecstatic');
ALTER TABLE people ALTER COLUMN mood SET DEFAULT 'ecstatic';
