-- Migration: Add weeks to the usage calendar
-- Date: 2025-10-20
-- Purpose: group usage by ISO week. A new column without a default does not rewrite the table.

ALTER TABLE kb.usage_days
    ADD COLUMN IF NOT EXISTS iso_year SMALLINT,
    ADD COLUMN IF NOT EXISTS iso_week SMALLINT CHECK (iso_week BETWEEN 1 AND 53);

COMMENT ON COLUMN kb.usage_days.iso_year IS 'The year that the week belongs to, by ISO 8601';
COMMENT ON COLUMN kb.usage_days.iso_week IS 'Week 1 is the one with the first Thursday';
