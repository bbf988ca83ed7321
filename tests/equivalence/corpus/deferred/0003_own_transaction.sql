-- In the only transaction of the file, under a role.
BEGIN;
CREATE ROLE speaker;
GRANT ALL ON spoken TO speaker;
SET ROLE speaker;
INSERT INTO spoken VALUES (4);
INSERT INTO spoken VALUES (5);
COMMIT;
