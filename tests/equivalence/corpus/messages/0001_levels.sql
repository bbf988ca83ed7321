-- Messages of every level, in a block and out of it.
DO $do$
BEGIN
    RAISE INFO 'info';
    RAISE NOTICE 'notice' USING DETAIL = 'detail', HINT = 'hint';
    RAISE WARNING 'warning; %', E'of two\nlines' USING ERRCODE = '01008';
    RAISE LOG 'only for the log';
    RAISE NOTICE USING MESSAGE = '[red]; it''s $$ <data>';
END $do$;
CREATE TABLE IF NOT EXISTS t (id serial PRIMARY KEY);
CREATE TABLE IF NOT EXISTS t (x int);
SET client_min_messages = warning;
DROP TABLE IF EXISTS missing;
SET client_min_messages = debug1;
RESET client_min_messages;
DROP TABLE IF EXISTS missing;
ALTER TABLE IF EXISTS missing ADD x int;
SELECT pg_notify('nobody', 'listens');
