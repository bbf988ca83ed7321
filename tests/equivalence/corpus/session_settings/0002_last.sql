-- The settings of the file before must not change what these mean.
CREATE TABLE t (x int, day date, CHECK (x = NULL));
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t';
DO $$ BEGIN RAISE NOTICE '% %', make_date(2025, 2, 1), make_interval(days => 3); END $$;
