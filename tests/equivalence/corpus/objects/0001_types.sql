-- Types, domains, casts, operators, aggregates, collations.
CREATE TYPE colour AS ENUM ('red', 'it''s; blue');
CREATE TYPE pair AS (a int, b text);
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE DOMAIN positive AS int CHECK (VALUE > 0) NOT NULL DEFAULT 1;
CREATE FUNCTION pair_to_text(pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.b || $1.a';
CREATE CAST (pair AS text) WITH FUNCTION pair_to_text(pair) AS ASSIGNMENT;
CREATE FUNCTION plus(a pair, b pair) RETURNS pair LANGUAGE sql IMMUTABLE
    AS $$ SELECT ROW(a.a + b.a, a.b || b.b)::pair $$;
CREATE OPERATOR + (LEFTARG = pair, RIGHTARG = pair, FUNCTION = plus, COMMUTATOR = +);
CREATE AGGREGATE total (pair) (SFUNC = plus, STYPE = pair, INITCOND = '(0,)');
CREATE COLLATION german (provider = builtin, locale = 'C.UTF-8');
CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple);
CREATE TABLE t (c colour, p pair, s span, n positive, z text COLLATE german);
INSERT INTO t VALUES ('red', ROW(1, 'a'), '[1.5,2)', 3, 'z'), ('it''s; blue', '(2,b)', NULL, 4, '');
CREATE TABLE totals AS SELECT total(p) FROM t;
