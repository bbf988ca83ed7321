-- The schema of the ledger is the first file's own.
CREATE SCHEMA kb;
CREATE TABLE kb.documents (id int PRIMARY KEY);
