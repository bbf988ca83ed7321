-- Migration: Backfill the weeks of the usage calendar
-- Date: 2025-10-21
-- Purpose: fill the columns that 20251020 has added.
--
-- Every batch is committed by itself, so that no row stays locked for long, and the one that comes
-- next waits while anybody suffers. A run that was interrupted goes on behind its last batch.
-- By hand: psql -v from=2020-01-01 -v to=2035-12-31 -f 20251021_backfill_calendar_weeks.sql

-- schemamig: backfill table=kb.usage_days key=day batch=1000 target=100ms
-- schemamig: backfill check=(SELECT FROM kb.usage_days WHERE iso_week IS NULL)
UPDATE kb.usage_days
SET iso_year = extract(isoyear FROM day),
    iso_week = extract(week FROM day)
WHERE day BETWEEN :'from' AND :'to';

-- The planner should not wait for autovacuum to learn of the new values.
VACUUM (ANALYZE) kb.usage_days;
