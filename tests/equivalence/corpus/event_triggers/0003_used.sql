-- In a transaction of the file's own; temporary things go unnoticed, as no session drops them.
BEGIN;
CREATE TEMP TABLE b (x int);
CREATE TABLE c (x int);
ALTER TABLE c ADD y int;
COMMIT;
