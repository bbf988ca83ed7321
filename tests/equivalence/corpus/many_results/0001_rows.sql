-- Rows and messages that nobody waits for.
SELECT i, repeat('x', 100) FROM generate_series(1, 20000) AS i;
DO $$ BEGIN FOR i IN 1..500 LOOP RAISE NOTICE 'message % of 500', i; END LOOP; END $$;
SELECT repeat('wide', 500000);
SELECT;
TABLE pg_class;
VALUES (1, 2), (3, 4);
EXPLAIN SELECT 1;
SHOW work_mem;
