-- schemamig: no-transaction
-- A procedure commits, which only the directive can tell.
CREATE PROCEDURE fill(n int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..n LOOP
        INSERT INTO t VALUES (1000 + i);
        COMMIT;
    END LOOP;
END $$;
CALL fill(3);
SET search_path = public;
CALL fill(2);
CREATE PROCEDURE many() LANGUAGE plpgsql AS 'BEGIN CALL fill(1); CALL fill(1); ROLLBACK; END';
CALL many();
