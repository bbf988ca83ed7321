-- Here it is only made if it is missing.
SET client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS kb;
CREATE TABLE kb.documents (id int PRIMARY KEY);
