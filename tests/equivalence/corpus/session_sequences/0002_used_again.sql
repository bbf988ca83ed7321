-- A new session has to start with the next ten.
INSERT INTO t DEFAULT VALUES;
DO $$
BEGIN
    PERFORM currval('s');
    RAISE NOTICE 'this session has used the sequence';
END $$;
