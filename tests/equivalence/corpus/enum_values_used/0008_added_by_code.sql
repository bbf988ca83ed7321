DO $$ BEGIN ALTER TYPE mood ADD VALUE 'new'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
COPY people (name, mood) FROM stdin;
Dan	new
\.
