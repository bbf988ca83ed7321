-- Migration: Knowledge base
-- Date: 2025-09-01
-- Purpose: people, their projects, and the documents in them.

CREATE SCHEMA IF NOT EXISTS core;
CREATE SCHEMA IF NOT EXISTS kb;

COMMENT ON SCHEMA core IS 'Who uses the system';
COMMENT ON SCHEMA kb IS 'Knowledge base: documents, and what is drawn from them';

-- Keeps updated_at true, whoever writes.
CREATE OR REPLACE FUNCTION core.touch_updated_at()
RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE TABLE IF NOT EXISTS core.users (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    email TEXT NOT NULL,
    display_name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),

    CONSTRAINT users_email_has_an_at CHECK (position('@' IN email) > 1)
);

-- Two addresses that differ only in case reach the same person.
CREATE UNIQUE INDEX IF NOT EXISTS idx_users_email ON core.users (lower(email));

CREATE TABLE IF NOT EXISTS kb.projects (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id UUID NOT NULL REFERENCES core.users (id),
    name TEXT NOT NULL CHECK (name <> ''),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),

    UNIQUE (owner_id, name)
);

CREATE TABLE IF NOT EXISTS kb.documents (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id UUID NOT NULL REFERENCES kb.projects (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',
    metadata JSONB NOT NULL DEFAULT '{}',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_documents_project ON kb.documents (project_id);

CREATE OR REPLACE TRIGGER users_touch_updated_at
    BEFORE UPDATE ON core.users
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

CREATE OR REPLACE TRIGGER documents_touch_updated_at
    BEFORE UPDATE ON kb.documents
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

COMMENT ON TABLE core.users IS 'Everybody who can sign in';
COMMENT ON TABLE kb.projects IS 'What a user groups documents by';
COMMENT ON TABLE kb.documents IS 'A text that knowledge can be extracted from';
COMMENT ON COLUMN kb.documents.metadata IS 'What the source said about it; never searched by us';
