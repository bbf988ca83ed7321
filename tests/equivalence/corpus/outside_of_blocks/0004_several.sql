-- Several transactions, in several words.
BEGIN WORK;
INSERT INTO t VALUES (7, 'f');
COMMIT WORK;
START TRANSACTION;
INSERT INTO t VALUES (8, 'g');
END TRANSACTION;
begin transaction isolation level serializable, read write, not deferrable;
INSERT INTO t SELECT 9, current_setting('transaction_isolation');
commit and no chain;
