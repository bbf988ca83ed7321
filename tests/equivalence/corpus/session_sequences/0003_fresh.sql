-- This one has not used it.
DO $$
BEGIN
    PERFORM lastval();
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RAISE NOTICE 'this session has used no sequence';
END $$;
