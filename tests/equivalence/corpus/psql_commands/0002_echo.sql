-- What does no harm between statements.
\set ON_ERROR_STOP on
\echo 'starting; now'
\echo a "b c"; d
INSERT INTO t VALUES (2); \echo after a statement
INSERT INTO t
VALUES (3);
