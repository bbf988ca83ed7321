-- Errors that are caught are none.
CREATE TABLE t (x int PRIMARY KEY);
DO $$
BEGIN
    INSERT INTO t VALUES (1);
    BEGIN
        INSERT INTO t VALUES (2);
        INSERT INTO t VALUES (1);
    EXCEPTION WHEN unique_violation THEN
        RAISE NOTICE 'caught: %', SQLERRM;
    END;
    INSERT INTO t VALUES (3);
END $$;
INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING;
DO $$
BEGIN
    EXECUTE 'DROP TABLE missing';
EXCEPTION WHEN undefined_table THEN
    NULL;
END $$;
