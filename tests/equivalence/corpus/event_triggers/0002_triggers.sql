-- Everything that changes the schema is noted.
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.watched VALUES (TG_EVENT || ': ' || TG_TAG);
END $$;
CREATE EVENT TRIGGER watching_ends ON ddl_command_end EXECUTE FUNCTION watch();
CREATE EVENT TRIGGER watching_drops ON sql_drop EXECUTE FUNCTION watch();
CREATE TABLE a (x int);
DROP TABLE a;
