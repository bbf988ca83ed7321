ALTER TYPE mood ADD VALUE 'great';
DO $$ BEGIN EXECUTE 'INSERT INTO people VALUES (''Bob'', ''great'')'; END $$;
