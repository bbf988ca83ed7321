-- The schema of the ledger is the first file's own, in a transaction of its own.
BEGIN;
CREATE ROLE kb_owner;
CREATE SCHEMA kb AUTHORIZATION kb_owner
    CREATE TABLE documents (id int PRIMARY KEY);
COMMENT ON SCHEMA kb IS 'Knowledge base';
COMMIT;
