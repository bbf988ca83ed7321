-- The login role gets settings, where it is not known by name.
CREATE SCHEMA app;
DO $$
BEGIN
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = app', current_user, current_database());
END $$;
