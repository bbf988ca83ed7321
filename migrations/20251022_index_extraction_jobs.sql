-- Migration: Index extraction jobs
-- Date: 2025-10-22
-- Purpose: find the next job, and the jobs of a document, without reading all of them.
--
-- CONCURRENTLY lets workers go on writing meanwhile; it cannot run in a transaction.

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_extraction_jobs_queue
    ON kb.extraction_jobs (created_at)
    WHERE status = 'queued';

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_extraction_jobs_document
    ON kb.extraction_jobs (document_id, created_at DESC);

-- A build that was interrupted leaves an index that is never used, and IF NOT EXISTS skips it.
DO $$
DECLARE
    broken REGCLASS;
BEGIN
    SELECT indexrelid INTO broken
    FROM pg_index
    WHERE indrelid = 'kb.extraction_jobs'::REGCLASS AND NOT indisvalid
    LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION 'Index % is invalid', broken
            USING HINT = format('DROP INDEX CONCURRENTLY %s; and run this again.', broken);
    END IF;
END
$$;
