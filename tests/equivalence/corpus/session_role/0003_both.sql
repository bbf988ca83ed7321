-- First the one, then the other, within a block.
BEGIN;
SET SESSION AUTHORIZATION app_owner;
SET ROLE app_owner;
CREATE TABLE d (x int);
COMMIT;
