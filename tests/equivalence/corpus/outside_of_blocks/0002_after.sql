-- Only after.
BEGIN;
INSERT INTO t VALUES (4, 'd');
END;
INSERT INTO t VALUES (5, 'e');
