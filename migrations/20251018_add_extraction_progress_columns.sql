-- Migration: Add extraction progress columns
-- Date: 2025-10-18
-- Purpose: show how far a running extraction has got.

BEGIN;

ALTER TABLE kb.extraction_jobs
    ADD COLUMN IF NOT EXISTS total_items INTEGER CHECK (total_items >= 0),
    ADD COLUMN IF NOT EXISTS processed_items INTEGER NOT NULL DEFAULT 0
        CONSTRAINT extraction_jobs_progress_within_total
        CHECK (processed_items BETWEEN 0 AND coalesce(total_items, processed_items)),
    ADD COLUMN IF NOT EXISTS last_progress_at TIMESTAMPTZ;

CREATE OR REPLACE FUNCTION kb.extraction_progress(job kb.extraction_jobs)
RETURNS NUMERIC
LANGUAGE sql
IMMUTABLE
RETURN round(100.0 * job.processed_items / nullif(job.total_items, 0), 1);

COMMENT ON COLUMN kb.extraction_jobs.total_items IS 'Parts of the document; NULL until counted';
COMMENT ON COLUMN kb.extraction_jobs.last_progress_at IS 'A running job is stalled if this is old';
COMMENT ON FUNCTION kb.extraction_progress IS 'Percent, or NULL as long as the total is unknown';

COMMIT;
