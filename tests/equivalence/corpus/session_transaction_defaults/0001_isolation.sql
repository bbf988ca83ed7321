-- Transactions are strict from here on.
CREATE TABLE t (x int);
SET default_transaction_isolation = 'serializable';
SET default_transaction_deferrable = on;
