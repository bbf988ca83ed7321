-- The session only reads from here on, in the strictest isolation.
CREATE TABLE t (x int);
SET default_transaction_isolation = 'serializable';
SET default_transaction_deferrable = on;
SET default_transaction_read_only = on;
