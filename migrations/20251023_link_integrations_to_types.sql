-- schemamig: no-transaction
-- Migration: Link integrations to their types
-- Date: 2025-10-23
-- Purpose: the foreign key that had to wait until the types were there.
--
-- NOT VALID checks only new rows, and so needs its strong lock but for a moment. Checking the old
-- ones takes long and locks little. The first lock has to be gone by then: hence no transaction.

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM pg_constraint
        WHERE conrelid = 'kb.integrations'::REGCLASS AND conname = 'integrations_type_slug_fkey'
    ) THEN
        ALTER TABLE kb.integrations
            ADD CONSTRAINT integrations_type_slug_fkey
            FOREIGN KEY (type_slug) REFERENCES kb.integration_types (slug) NOT VALID;
        RAISE NOTICE 'Foreign key integrations_type_slug_fkey added';
    END IF;
END
$$;

ALTER TABLE kb.integrations VALIDATE CONSTRAINT integrations_type_slug_fkey;
