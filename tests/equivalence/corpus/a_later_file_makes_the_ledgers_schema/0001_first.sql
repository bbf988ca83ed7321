-- The ledger has its schema already when the second file wants to make it.
CREATE TABLE first (x int);
