-- The role is changed by the name of the setting.
CREATE ROLE app_owner;
GRANT CREATE ON SCHEMA public TO app_owner;
SET role = 'app_owner';
CREATE TABLE a (x int);
