-- A deferred trigger writes on its own when the block ends.
CREATE TABLE log (id serial, what text);
CREATE TABLE t (x int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (what) VALUES (TG_OP || ' ' || NEW.x || ' in ' || current_setting('search_path'));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER notes AFTER INSERT OR UPDATE ON t
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
