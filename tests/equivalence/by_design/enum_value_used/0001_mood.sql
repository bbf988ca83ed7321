-- PostgreSQL lets nobody use a new value before the commit. The error says what to do.
-- psql: applied
-- psql leaves: ok
-- ours: ERROR:  unsafe use of new value "ok" of enum type mood
-- we leave:
CREATE TYPE mood AS ENUM ('sad');
