-- Migration: Fill the usage calendar
-- Date: 2025-09-22
-- Purpose: the days from 2020 to 2035. Schema and data are two migrations, as each may fail alone.

DO $$
DECLARE
    added INTEGER;
BEGIN
    INSERT INTO kb.usage_days (day)
    SELECT generate_series(TIMESTAMP '2020-01-01', '2035-12-31', INTERVAL '1 day')::DATE
    ON CONFLICT (day) DO NOTHING;

    GET DIAGNOSTICS added = ROW_COUNT;
    RAISE NOTICE 'Usage calendar: % days added', added;
END
$$;
