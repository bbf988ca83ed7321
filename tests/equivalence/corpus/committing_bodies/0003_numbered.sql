-- schemamig: no-transaction
-- It draws numbers and speaks before it commits.
CREATE TABLE numbered (id serial, x int);
CREATE PROCEDURE fill_numbered(n int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..n LOOP
        RAISE NOTICE 'row %', i;
        INSERT INTO numbered (x) VALUES (i);
        COMMIT;
    END LOOP;
END $$;
CALL fill_numbered(3);
DO $$ BEGIN CALL fill_numbered(2); END $$;
