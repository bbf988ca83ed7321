-- Once more, where it is there already, and without a transaction.
CREATE SCHEMA IF NOT EXISTS kb;
CREATE TABLE kb.documents (id int PRIMARY KEY);
VACUUM kb.documents;
