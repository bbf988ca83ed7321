-- A file does not show that a procedure commits. The error says what to do.
-- psql: applied
-- psql leaves: 1
-- ours: ERROR:  invalid transaction termination
-- we leave:
CREATE TABLE seen (what text);
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seen VALUES (1);
    COMMIT;
END $$;
CALL fill();
