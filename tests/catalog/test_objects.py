"""Changes of everything but tables."""

from tests.catalog.conftest import Rehearsal, lines


def test_an_enum_gets_new_values(rehearsal: Rehearsal) -> None:
    assert rehearsal.changes("CREATE TYPE mood AS ENUM ('sad', 'it''s ok')") == (
        "+ enum public.mood ('sad', 'it''s ok')\n"
    )
    assert rehearsal.changes("""
        ALTER TYPE mood ADD VALUE 'happy'; ALTER TYPE mood ADD VALUE 'meh' BEFORE 'it''s ok';
        ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'; ALTER TYPE mood RENAME TO temper;
    """) == lines("""
        ~ enum public.mood renamed to public.temper
            ~ value 'sad' renamed to 'blue'
            + value 'meh' after 'blue'
            + value 'happy' after 'it''s ok'
    """)


def test_composite_types_domains_and_ranges(rehearsal: Rehearsal) -> None:
    assert rehearsal.changes("""
        CREATE TYPE pair AS (a int, b text);
        CREATE DOMAIN email AS varchar(99) NOT NULL DEFAULT 'x@y' CHECK (VALUE ~ '@');
        CREATE TYPE span AS RANGE (subtype = float8);
    """) == lines("""
        + domain public.email as character varying(99) not null default 'x@y'::character varying \
constraint email_check CHECK (VALUE::text ~ '@'::text)
        + range type public.span of double precision
        + composite type public.pair
            + a integer
            + b text
    """)
    assert rehearsal.changes("""
        ALTER TYPE pair ADD ATTRIBUTE c date, ALTER ATTRIBUTE a TYPE bigint;
        ALTER DOMAIN email DROP NOT NULL; ALTER DOMAIN email DROP CONSTRAINT email_check;
    """) == lines("""
        ~ domain public.email: not null -> nullable
            - constraint email_check CHECK (VALUE::text ~ '@'::text)
        ~ composite type public.pair
            ~ column a: type integer -> bigint
            + column c date
    """)


def test_functions_tell_their_overloads_apart(rehearsal: Rehearsal) -> None:
    rehearsal.given("CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    assert rehearsal.changes("""
        CREATE FUNCTION f(a text, b int[] DEFAULT '{}') RETURNS SETOF text
            LANGUAGE sql AS 'SELECT a';
        CREATE PROCEDURE p(INOUT n int) LANGUAGE sql AS 'SELECT 1';
        CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
        COMMENT ON PROCEDURE p IS 'does it';
    """) == lines("""
        + function public.f(text, integer[]) returns SETOF text
        + procedure public.p(integer) -- does it
        + aggregate public.total(integer) returns integer
    """)
    assert rehearsal.changes("DROP FUNCTION f(int); ALTER FUNCTION f RENAME TO g") == lines("""
        - function public.f(integer) returns integer
        ~ function public.f(text, integer[]) renamed to public.g(text, integer[])
    """)


def test_a_changed_function_shows_the_lines_that_changed(rehearsal: Rehearsal) -> None:
    rehearsal.given("""
        CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN
            -- one
            -- two
            RETURN a + 1;
        END $$
    """)
    assert rehearsal.changes("""
        CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
        BEGIN
            -- one
            -- two
            RETURN a + 2;
        END $$
    """) == lines("""
        ~ function public.f(integer)
               LANGUAGE plpgsql
            +  IMMUTABLE
              AS $function$
              ...
                          -- two
            -             RETURN a + 1;
            +             RETURN a + 2;
                      END $function$
    """)


def test_a_changed_aggregate_is_seen(rehearsal: Rehearsal) -> None:
    rehearsal.given("CREATE AGGREGATE s (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')")
    assert rehearsal.changes(
        "CREATE OR REPLACE AGGREGATE s (int) (SFUNC = int4pl, STYPE = int, INITCOND = '1')"
    ) == lines("""
        ~ aggregate public.s(integer)
              STYPE = integer
            - INITCOND = '0'
            + INITCOND = '1'
              PARALLEL = u
    """)


def test_views_list_their_columns_and_show_the_query_when_it_changes(rehearsal: Rehearsal) -> None:
    rehearsal.given("CREATE TABLE t (a int)")
    assert rehearsal.changes("""
        CREATE VIEW v AS SELECT 1 AS n;
        CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM t; CREATE INDEX i ON m (n);
    """) == lines("""
        + materialized view public.m
            + n bigint
            + index i (n)
        + view public.v
            + n integer
    """)
    assert rehearsal.changes("""
        CREATE OR REPLACE VIEW v WITH (security_barrier) AS SELECT 1 AS n, now() AS at;
    """) == lines("""
        ~ view public.v
            + with security_barrier=true
            -  SELECT 1 AS n;
            +  SELECT 1 AS n,
            +     now() AS at;
            + column at timestamp with time zone
    """)


def test_a_view_made_again_is_compared_by_its_names(rehearsal: Rehearsal) -> None:
    rehearsal.given("CREATE VIEW v AS SELECT 1 AS a, 2 AS b")
    assert rehearsal.changes("DROP VIEW v; CREATE VIEW v AS SELECT 2 AS b, 1 AS a") == lines("""
        ~ view public.v
            -  SELECT 1 AS a,
            -     2 AS b;
            +  SELECT 2 AS b,
            +     1 AS a;
    """)


def test_sequences_of_columns_are_told_when_they_change_themselves(rehearsal: Rehearsal) -> None:
    assert rehearsal.changes("CREATE SEQUENCE s; CREATE TABLE t (id serial)") == lines("""
        + sequence public.s bigint
        + table public.t
            + id integer not null default nextval('public.t_id_seq'::regclass)
    """)
    assert rehearsal.changes("""
        ALTER SEQUENCE s INCREMENT 5 CYCLE; ALTER SEQUENCE t_id_seq AS bigint;
    """) == lines("""
        ~ sequence public.s
              increment 1 -> 5
              no cycle -> cycle
        ~ sequence public.t_id_seq: type integer -> bigint
    """)
    assert rehearsal.changes("DROP SEQUENCE s; DROP TABLE t") == lines("""
        - sequence public.s bigint increment 5 cycle
        - table public.t
    """)


def test_grants_of_one_role_are_one_line(rehearsal: Rehearsal) -> None:
    rehearsal.given("""
        CREATE ROLE app; CREATE ROLE boss; CREATE TABLE t (a int, b int);
        CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SCHEMA s;
    """)
    assert rehearsal.changes("""
        GRANT SELECT, INSERT, UPDATE (b) ON t TO app; GRANT SELECT ON t TO PUBLIC;
        GRANT DELETE ON t TO boss WITH GRANT OPTION; GRANT USAGE ON SCHEMA s TO app;
        REVOKE EXECUTE ON FUNCTION f FROM PUBLIC; GRANT EXECUTE ON FUNCTION f TO app;
    """) == lines("""
        ~ schema s
            + grant USAGE to app
        ~ table public.t
            + grant SELECT to PUBLIC
            + grant INSERT, SELECT to app
            + grant DELETE to boss with grant option
            ~ column b
                + grant UPDATE to app
        ~ function public.f()
            - grant EXECUTE to PUBLIC
            + grant EXECUTE to app
    """)
    assert rehearsal.changes("REVOKE INSERT ON t FROM app") == lines("""
        ~ table public.t
            - grant INSERT to app
    """)


def test_a_new_object_tells_only_grants_that_are_not_the_usual(rehearsal: Rehearsal) -> None:
    rehearsal.given("CREATE ROLE app")
    assert rehearsal.changes("""
        CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
        REVOKE EXECUTE ON FUNCTION f FROM PUBLIC;
        CREATE TABLE t (a int); GRANT SELECT ON t TO app; GRANT UPDATE (a) ON t TO app;
    """) == lines("""
        + table public.t
            + a integer
                + grant UPDATE to app
            + grant SELECT to app
        + function public.f() returns integer
            - grant EXECUTE to PUBLIC
    """)


def test_a_new_owner_is_not_a_change_of_grants(rehearsal: Rehearsal) -> None:
    rehearsal.given("CREATE ROLE app; CREATE ROLE boss; CREATE TABLE t (id serial)")
    rehearsal.given("GRANT SELECT ON t TO app")
    assert rehearsal.changes("ALTER TABLE t OWNER TO boss") == (
        "~ table public.t: owner postgres -> boss\n"
    )


def test_comments_come_change_and_go(rehearsal: Rehearsal) -> None:
    rehearsal.given("CREATE TABLE t (); CREATE SCHEMA s; COMMENT ON SCHEMA s IS 'one'")
    assert rehearsal.changes(
        "COMMENT ON TABLE t IS E'it''s\n\ttwo'; COMMENT ON SCHEMA s IS 'two'"
    ) == lines(r"""
        ~ schema s: comment 'one' -> 'two'
        ~ table public.t
            + comment 'it''s\n        two'
    """)
    assert rehearsal.changes("COMMENT ON SCHEMA s IS NULL") == lines("""
        ~ schema s
            - comment 'two'
    """)


def test_a_renamed_schema_does_not_rename_all_that_is_in_it(rehearsal: Rehearsal) -> None:
    rehearsal.given("""
        CREATE SCHEMA "a.b"; CREATE TABLE "a.b".t (n int); CREATE TABLE "a.b".u (n int);
        CREATE FUNCTION "a.b".f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    """)
    assert rehearsal.changes("""
        ALTER SCHEMA "a.b" RENAME TO c; ALTER TABLE c.t ADD m int; ALTER TABLE c.u SET SCHEMA public
    """) == lines("""
        ~ schema "a.b" renamed to c
        ~ table c.t
            + column m integer
        ~ table c.u renamed to public.u
    """)


def test_rare_objects_come_and_go(rehearsal: Rehearsal) -> None:
    rehearsal.given("CREATE ROLE app; CREATE TABLE t (a int, b int)")
    assert rehearsal.changes("""
        CREATE STATISTICS s ON a, b FROM t; CREATE PUBLICATION p FOR TABLE t;
        CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq);
        CREATE CAST (text AS int) WITH INOUT; CREATE COLLATION c (locale = 'C');
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO app;
    """) == lines("""
        + collation public.c provider libc collate C character type C
        + statistics object public.s ON a, b FROM public.t
        + cast (pg_catalog.text AS integer) with inout
        + operator public.===(integer,integer) function int4eq
        + publication p table (public.t) publish insert, update, delete, truncate
        + default privileges for role postgres in schema public on tables
            + grant SELECT to app
    """)
    assert rehearsal.changes("DROP PUBLICATION p; ALTER STATISTICS s RENAME TO z") == lines("""
        ~ statistics object public.s renamed to public.z
        - publication p table (public.t) publish insert, update, delete, truncate
    """)


def test_what_belongs_to_an_extension_is_left_out(rehearsal: Rehearsal) -> None:
    (line,) = rehearsal.changes("CREATE EXTENSION citext").splitlines()
    assert line.startswith("+ extension citext version")
    assert " schema public -- data type for " in line
