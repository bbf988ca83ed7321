-- A DO block commits in batches.
CREATE TABLE t (x int);
DO $$
BEGIN
    FOR i IN 1..5 LOOP
        INSERT INTO t VALUES (i);
        IF i % 2 = 0 THEN
            COMMIT;
            RAISE NOTICE '% rows', i;
        END IF;
    END LOOP;
    ROLLBACK;
END $$;
INSERT INTO t VALUES (100);
