-- The role has no right on the ledger while the file still runs.
SET ROLE app_owner;
CREATE TABLE e (x int);
VACUUM e;
CREATE TABLE f (x int);
SET ROLE app_reader;
