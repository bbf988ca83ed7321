-- And the user by the name of a setting, where the ledger is written meanwhile.
SET session_authorization = 'app_owner';
CREATE TABLE c (x int);
ANALYZE c;
