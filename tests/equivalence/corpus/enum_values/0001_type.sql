-- A value is added here, and used in a later file.
CREATE TYPE mood AS ENUM ('sad', 'ok');
ALTER TYPE mood ADD VALUE 'happy';
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'so-so' BEFORE 'ok';
ALTER TYPE mood RENAME VALUE 'sad' TO 'unhappy';
CREATE TABLE people (name text, mood mood);
