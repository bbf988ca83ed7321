-- What comes after the file does not count for its timeouts.
CREATE TABLE t (x int);
SET statement_timeout = '60ms';
SET lock_timeout = '60ms';
