ALTER TYPE mood ADD VALUE E'it\x27s odd';
ALTER TYPE mood ADD VALUE $$plain$$;
INSERT INTO people VALUES ('Cid', U&'it''s \006fdd');
CREATE TABLE all_of_them AS SELECT '{plain, "it''s odd"}'::mood[] AS moods;
