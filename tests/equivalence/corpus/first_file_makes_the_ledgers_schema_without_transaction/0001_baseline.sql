-- The schema of the ledger comes in the middle of a file without a transaction.
CREATE TABLE before (x int);
VACUUM before;
create schema KB;
CREATE TABLE kb.documents (id int PRIMARY KEY);
CREATE INDEX CONCURRENTLY documents_id ON kb.documents (id);
