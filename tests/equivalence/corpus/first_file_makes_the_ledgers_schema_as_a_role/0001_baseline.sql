-- The schema of the ledger belongs to a role that the file takes on.
CREATE ROLE kb_owner;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO kb_owner', current_database()); END $$;
SET ROLE kb_owner;
CREATE SCHEMA "kb";
CREATE TABLE kb.documents (id int PRIMARY KEY);
