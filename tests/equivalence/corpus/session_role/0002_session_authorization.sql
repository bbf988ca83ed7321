-- With a transaction of the file's own, and a table that the role may not read.
CREATE TABLE b (x int);
SET SESSION AUTHORIZATION app_owner;
CREATE TABLE c (x int);
GRANT SELECT ON c TO app_reader;
