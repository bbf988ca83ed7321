-- The same names again, in a transaction of the file's own.
BEGIN;
UPDATE settings SET value = 'dark' WHERE name = 'theme';
CREATE TEMP TABLE settings ON COMMIT DROP AS SELECT * FROM settings;
DELETE FROM settings;
CREATE TEMP TABLE kept (x int);
COMMIT;
