-- Migration: Backfill the weeks of the usage calendar
-- Date: 2025-10-21
-- Purpose: fill the columns that 20251020 has added.
--
-- Every batch is committed by itself, so that no row stays locked for long. A run that was
-- interrupted goes on where it stopped, because only days without a week are touched.

DO $$
DECLARE
    batch_size CONSTANT INTEGER := 1000;
    total INTEGER;
    filled INTEGER := 0;
    batch INTEGER;
BEGIN
    SELECT count(*) INTO total FROM kb.usage_days WHERE iso_week IS NULL;

    LOOP
        UPDATE kb.usage_days
        SET iso_year = extract(isoyear FROM day),
            iso_week = extract(week FROM day)
        WHERE day IN (
            SELECT day
            FROM kb.usage_days
            WHERE iso_week IS NULL
            ORDER BY day
            LIMIT batch_size
        );
        GET DIAGNOSTICS batch = ROW_COUNT;
        EXIT WHEN batch = 0;
        COMMIT;

        filled := filled + batch;
        RAISE NOTICE 'Weeks filled: % of % days', filled, total;
    END LOOP;
END
$$;

-- The planner should not wait for autovacuum to learn of the new values.
VACUUM (ANALYZE) kb.usage_days;
