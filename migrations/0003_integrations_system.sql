-- Migration: Integrations
-- Date: 2025-09-15
-- Purpose: other systems that documents come from, and each synchronisation with them.

BEGIN;

CREATE TABLE IF NOT EXISTS kb.integration_types (
    slug TEXT PRIMARY KEY CHECK (slug ~ '^[a-z][a-z0-9_]*$'),
    name TEXT NOT NULL,
    category TEXT NOT NULL
);

-- The foreign key to integration_types comes when those are filled: see 20251023.
CREATE TABLE IF NOT EXISTS kb.integrations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id UUID NOT NULL REFERENCES kb.projects (id) ON DELETE CASCADE,
    type_slug TEXT NOT NULL,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    settings JSONB NOT NULL DEFAULT '{}',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),

    UNIQUE (project_id, type_slug)
);

CREATE TABLE IF NOT EXISTS kb.integration_syncs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    integration_id UUID NOT NULL REFERENCES kb.integrations (id) ON DELETE CASCADE,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    finished_at TIMESTAMPTZ,
    documents_seen INTEGER NOT NULL DEFAULT 0,
    error_message TEXT
);

-- An integration synchronises once at a time.
CREATE UNIQUE INDEX IF NOT EXISTS idx_integration_syncs_running
    ON kb.integration_syncs (integration_id)
    WHERE finished_at IS NULL;

CREATE OR REPLACE TRIGGER integrations_touch_updated_at
    BEFORE UPDATE ON kb.integrations
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

COMMENT ON TABLE kb.integration_types IS 'The systems that we know how to talk to';
COMMENT ON TABLE kb.integrations IS 'A system that a project is connected with';
COMMENT ON COLUMN kb.integrations.settings IS 'Never a secret: those are kept in the vault';
COMMENT ON TABLE kb.integration_syncs IS 'Each time that documents were fetched';

COMMIT;
