-- Roles, what they are members of, and what they may do.
CREATE ROLE app_owner NOLOGIN;
CREATE ROLE app_user LOGIN PASSWORD 'not a secret' VALID UNTIL '2030-01-01' CONNECTION LIMIT 5;
CREATE ROLE app_admin CREATEROLE CREATEDB IN ROLE app_owner;
GRANT app_owner TO app_user WITH ADMIN OPTION;
GRANT pg_read_all_data TO app_user WITH INHERIT FALSE;
COMMENT ON ROLE app_owner IS 'owns; it''s all hers';
ALTER ROLE app_user SET statement_timeout = '5s';
ALTER ROLE ALL IN DATABASE subject SET lc_messages = 'C';
CREATE USER "strange ; role" WITH NOINHERIT;
CREATE GROUP app_group;
