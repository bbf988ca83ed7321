-- Nothing but that.
BEGIN;
DROP TABLE t;
ABORT;
