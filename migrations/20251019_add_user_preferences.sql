-- Migration: Add user preferences
-- Date: 2025-10-19
-- Purpose: remember how each user likes the interface.

BEGIN;

DO $$
BEGIN
    IF to_regclass('kb.user_preferences') IS NULL THEN
        CREATE TABLE kb.user_preferences (
            user_id UUID PRIMARY KEY REFERENCES core.users (id) ON DELETE CASCADE,
            theme VARCHAR(50) NOT NULL DEFAULT 'light',
            notifications_enabled BOOLEAN NOT NULL DEFAULT TRUE,
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
        );
        RAISE NOTICE 'Table kb.user_preferences created';
    END IF;
END
$$;

CREATE INDEX IF NOT EXISTS idx_user_preferences_theme ON kb.user_preferences (theme);

CREATE OR REPLACE TRIGGER user_preferences_touch_updated_at
    BEFORE UPDATE ON kb.user_preferences
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

COMMENT ON TABLE kb.user_preferences IS 'Stores user-specific UI preferences';

COMMIT;
