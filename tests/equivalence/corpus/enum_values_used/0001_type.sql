-- Types, and one whose values are added where it is made.
CREATE TYPE mood AS ENUM ('sad');
CREATE TYPE public."Size" AS ENUM ('small');
CREATE TABLE people (name text, mood mood, size public."Size");
CREATE TYPE colour AS ENUM ('red');
ALTER TYPE colour ADD VALUE 'blue';
INSERT INTO people (name) VALUES ('blue'::colour::text);
