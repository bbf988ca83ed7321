-- The role is left changed in each way there is.
CREATE ROLE app_owner;
CREATE ROLE app_reader;
GRANT CREATE ON SCHEMA public TO app_owner;
SET ROLE app_owner;
CREATE TABLE a (x int);
