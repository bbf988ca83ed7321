-- A temporary table hides the real one for the rest of this file only.
CREATE TABLE settings (name text PRIMARY KEY, value text);
INSERT INTO settings VALUES ('theme', 'light');
CREATE TEMP TABLE settings (name text, value text, extra int);
INSERT INTO settings VALUES ('theme', 'temporary', 1);
CREATE TEMP VIEW dark AS SELECT name FROM settings;
CREATE TEMP SEQUENCE counter;
CREATE FUNCTION pg_temp.double(x int) RETURNS int LANGUAGE sql AS 'SELECT 2 * x';
INSERT INTO public.settings SELECT 'answer', pg_temp.double(21)::text;
