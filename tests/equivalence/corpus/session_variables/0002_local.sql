-- Not even one that was set for a transaction.
INSERT INTO t SELECT coalesce(current_setting('app.tenant', true), 'none');
BEGIN;
SET LOCAL app.tenant = 'local';
INSERT INTO t VALUES (DEFAULT);
COMMIT;
