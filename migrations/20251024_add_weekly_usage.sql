-- Migration: Add weekly usage
-- Date: 2025-10-24
-- Purpose: how many extractions each week had, ready to be shown. A job refreshes it every night;
-- its days are those of UTC.

CREATE MATERIALIZED VIEW IF NOT EXISTS kb.weekly_usage AS
SELECT
    days.iso_year,
    days.iso_week,
    min(days.day) AS first_day,
    count(jobs.id) AS jobs,
    count(jobs.id) FILTER (WHERE jobs.status = 'failed') AS failed_jobs
FROM kb.usage_days AS days
LEFT JOIN kb.extraction_jobs AS jobs
    ON (jobs.created_at AT TIME ZONE 'UTC')::DATE = days.day
GROUP BY days.iso_year, days.iso_week;

-- REFRESH ... CONCURRENTLY needs to tell the rows apart.
CREATE UNIQUE INDEX IF NOT EXISTS idx_weekly_usage_week ON kb.weekly_usage (iso_year, iso_week);

COMMENT ON MATERIALIZED VIEW kb.weekly_usage IS 'Extractions a week, as of the last refresh';
