-- A SET LOCAL in front of BEGIN is over when it begins.
SET LOCAL work_mem = '7MB';
BEGIN;
INSERT INTO t VALUES (current_setting('work_mem'));
COMMIT;
