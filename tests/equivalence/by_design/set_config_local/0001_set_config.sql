-- The same by a function, of which psql does not even warn.
-- psql: applied
-- psql leaves: 4MB
-- ours: applied
-- we leave: 9MB
CREATE TABLE seen (what text);
SELECT set_config('work_mem', '9MB', true);
INSERT INTO seen VALUES (current_setting('work_mem'));
