-- Windows editors put a mark in front.
CREATE TABLE t (x text);
