-- And no more.
INSERT INTO t VALUES ('C:\'), ('; \'' two');
