-- A setting is undone with its block, a role too.
CREATE ROLE app_owner;
BEGIN;
SET search_path = '';
SET ROLE app_owner;
ROLLBACK WORK;
CREATE TABLE u (x int);
BEGIN;
SET search_path = public, pg_catalog;
COMMIT;
INSERT INTO u SELECT 1 WHERE current_setting('search_path') = 'public, pg_catalog';
