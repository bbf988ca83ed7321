ALTER TYPE mood ADD VALUE 'so-so';
CREATE FUNCTION usual() RETURNS mood LANGUAGE sql AS $$ SELECT 'so-so'::mood $$;
