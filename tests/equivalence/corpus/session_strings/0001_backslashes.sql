-- Backslashes escape quotes from here on, as they did before PostgreSQL 9.1.
CREATE TABLE t (x text);
SET standard_conforming_strings = off;
SET escape_string_warning = off;
INSERT INTO t VALUES ('it\'s; one'), ('back\\slash');
