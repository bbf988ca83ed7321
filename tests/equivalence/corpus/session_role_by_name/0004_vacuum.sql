-- The same without a transaction.
SET session_authorization TO app_owner;
CREATE TABLE d (x int);
VACUUM d;
CREATE TABLE e (x int);
