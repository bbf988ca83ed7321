-- schemamig: no-transaction
-- What holds for a transaction has no effect where none is open, and the server warns of it.
CREATE TABLE t (what text);
CREATE TABLE u (x int PRIMARY KEY DEFERRABLE INITIALLY IMMEDIATE);
SET LOCAL work_mem = '9MB';
INSERT INTO t VALUES (current_setting('work_mem'));
SET LOCAL search_path = nowhere;
SET LOCAL transaction_read_only = on;
SET LOCAL ROLE pg_read_all_data;
SET LOCAL statement_timeout = 1;
INSERT INTO t VALUES (current_setting('search_path')), (current_setting('transaction_read_only'));
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
INSERT INTO t VALUES (current_setting('transaction_isolation')), (pg_sleep(0.02)::text);
SET CONSTRAINTS ALL DEFERRED;
BEGIN;
SET LOCAL work_mem = '8MB';
INSERT INTO t VALUES (current_setting('work_mem'));
COMMIT;
INSERT INTO t VALUES (current_setting('work_mem'));
