-- What the session of the next file is like. It has to be a new one.

CREATE SCHEMA next_session;

-- Those of PL/pgSQL are there as soon as anybody has used it, which the run does for its ledger;
-- and a run sets what finds out that a connection is silent.
CREATE TABLE next_session.settings AS
SELECT name, setting
FROM pg_catalog.pg_settings
WHERE name NOT IN ('application_name', 'client_connection_check_interval', 'idle_session_timeout')
    AND name NOT LIKE 'tcp_%' AND name NOT LIKE 'plpgsql.%';

CREATE TABLE next_session.belongings AS
SELECT 'user ' || session_user || ' as ' || current_user AS what
UNION ALL
SELECT 'app.tenant ' || pg_catalog.current_setting('app.tenant', true)
UNION ALL
SELECT 'prepared statement ' || name FROM pg_catalog.pg_prepared_statements
UNION ALL
SELECT 'cursor ' || name FROM pg_catalog.pg_cursors WHERE name <> ''
UNION ALL
SELECT 'channel ' || channel FROM pg_catalog.pg_listening_channels() AS channel
UNION ALL
-- The run itself holds a lock of its own, with a key of two parts.
SELECT 'advisory lock ' || objid FROM pg_catalog.pg_locks
WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid() AND objsubid = 1
UNION ALL
-- Those of a session that is ending may still be there for a moment.
SELECT 'temporary ' || relname FROM pg_catalog.pg_class
WHERE relnamespace = pg_catalog.pg_my_temp_schema();
