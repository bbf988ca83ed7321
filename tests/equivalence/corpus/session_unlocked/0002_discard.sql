-- In the middle of the file, which goes on.
CREATE TEMP TABLE t (x int);
SET work_mem = '7MB';
DISCARD ALL;
CREATE TABLE t (x int);
DISCARD TEMP;
DISCARD PLANS;
DISCARD SEQUENCES;
INSERT INTO t SELECT 1 WHERE current_setting('work_mem') = '4MB';
