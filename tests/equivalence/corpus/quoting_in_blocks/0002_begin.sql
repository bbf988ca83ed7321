-- Words and names that look like transaction control.
CREATE TABLE begin (commit int, rollback int, savepoint text);
INSERT INTO begin (commit, rollback) SELECT 1 AS begin, 2 AS commit;
CREATE FUNCTION commit() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT commit(), abort FROM (SELECT 1 AS abort) AS vacuum;
CREATE TABLE vacuum (cluster int);
PREPARE transaction AS SELECT 1;
EXECUTE transaction;
DO $$
DECLARE commit int := 1;
BEGIN
    commit := commit + 1;
    RAISE NOTICE 'COMMIT; %', commit; -- COMMIT;
    EXECUTE 'SELECT ''ROLLBACK;''';
END $$;
