-- Migration: Extraction jobs
-- Date: 2025-09-08
-- Purpose: a queue of the documents that knowledge is to be extracted from.

-- There is no CREATE TYPE IF NOT EXISTS.
DO $$
BEGIN
    IF to_regtype('kb.extraction_status') IS NULL THEN
        CREATE TYPE kb.extraction_status AS ENUM ('queued', 'running', 'completed', 'failed');
        RAISE NOTICE 'Type kb.extraction_status created';
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS kb.extraction_jobs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id UUID NOT NULL REFERENCES kb.documents (id) ON DELETE CASCADE,
    requested_by UUID REFERENCES core.users (id) ON DELETE SET NULL,
    status kb.extraction_status NOT NULL DEFAULT 'queued',
    attempts SMALLINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    error_message TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,

    CONSTRAINT extraction_jobs_finish_after_start CHECK (finished_at >= started_at),
    CONSTRAINT extraction_jobs_failures_say_why
        CHECK (status <> 'failed' OR error_message IS NOT NULL)
);

COMMENT ON TABLE kb.extraction_jobs IS 'One attempt after another to extract from a document';
COMMENT ON COLUMN kb.extraction_jobs.attempts IS 'How often a worker has taken the job';
