-- A file that adds an enum value and uses it runs without a transaction, where its text shows that.
-- psql: applied
-- psql leaves: ok
-- ours: ERROR:  unsafe use of new value "ok" of enum type mood
-- we leave:
CREATE TYPE mood AS ENUM ('sad');
