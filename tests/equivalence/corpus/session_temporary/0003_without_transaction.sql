-- The same names again, statement by statement.
CREATE TEMP TABLE kept (y int);
INSERT INTO kept VALUES (3);
VACUUM settings;
INSERT INTO settings SELECT 'kept', y::text FROM kept;
CREATE TEMP TABLE settings (LIKE public.settings);
