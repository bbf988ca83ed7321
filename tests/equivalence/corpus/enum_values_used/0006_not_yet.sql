-- Nothing here needs the values: this is one transaction.
ALTER TYPE mood ADD VALUE 'bad';
ALTER TYPE mood ADD VALUE 'worse' BEFORE 'bad';
ALTER TYPE mood RENAME VALUE 'bad' TO 'poor';
COMMENT ON TYPE mood IS 'worse';
CREATE FUNCTION worst() RETURNS mood LANGUAGE plpgsql AS $$ BEGIN RETURN 'worse'; END $$;
