-- The same without a transaction.
VACUUM t;
INSERT INTO t SELECT 2 FROM pg_sleep(0.08);
SET statement_timeout = '60ms';
