-- The next session has it, a new role too.
CREATE TABLE in_app (x int, tenant text DEFAULT current_setting('app.tenant'));
INSERT INTO in_app VALUES (1);
CREATE ROLE reader;
ALTER ROLE reader SET search_path = app;
ALTER ROLE reader IN DATABASE subject SET work_mem = '5MB';
COMMENT ON DATABASE subject IS 'What all this is about';
GRANT CONNECT ON DATABASE subject TO reader;
ALTER DATABASE subject CONNECTION LIMIT 77;
