-- What ALTER DATABASE sets counts from the next file on.
CREATE SCHEMA app;
ALTER DATABASE subject SET search_path = app, public;
ALTER DATABASE subject SET app.tenant = 'acme';
CREATE TABLE in_public (x int);
