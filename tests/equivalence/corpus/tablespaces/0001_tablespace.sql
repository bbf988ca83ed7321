-- A tablespace is made, used, and left as the default.
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE fast LOCATION '';
CREATE TABLE slow (x int);
SET default_tablespace = fast;
CREATE TABLE quick (x int PRIMARY KEY);
CREATE TABLE moved (x int);
ALTER TABLE slow SET TABLESPACE fast;
ALTER TABLE moved SET TABLESPACE pg_default;
