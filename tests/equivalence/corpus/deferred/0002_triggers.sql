-- A constraint trigger speaks at COMMIT.
CREATE FUNCTION speak() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% sees % rows as %', NEW, (SELECT count(*) FROM spoken), current_user;
    RETURN NULL;
END $$;
CREATE TABLE spoken (x int);
CREATE CONSTRAINT TRIGGER speaks AFTER INSERT ON spoken
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION speak();
BEGIN;
INSERT INTO spoken VALUES (1);
INSERT INTO spoken VALUES (2);
COMMIT;
INSERT INTO spoken VALUES (3);
