-- Takes longer than that.
INSERT INTO t SELECT 1 FROM pg_sleep(0.08);
SET idle_in_transaction_session_timeout = '200ms';
