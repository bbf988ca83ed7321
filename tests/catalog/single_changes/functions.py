"""Functions, and what is made of them."""

from tests.catalog.single_changes import Case

F = "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
P = "CREATE PROCEDURE p(a int) LANGUAGE sql AS 'SELECT 1';"
A = "CREATE AGGREGATE g (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');"
E = """
    CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER et_@ ON sql_drop WHEN TAG IN ('DROP SEQUENCE') EXECUTE FUNCTION e();
"""
L = """
    CREATE FUNCTION h() RETURNS language_handler LANGUAGE c
        AS '$libdir/plpgsql', 'plpgsql_call_handler';
    CREATE FUNCTION v(oid) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';
    CREATE LANGUAGE lang_@ HANDLER h;
"""
Y = "CREATE TYPE y AS (a int);"
CAST = "CREATE FUNCTION y_int(y) RETURNS int LANGUAGE sql AS 'SELECT 1';"
ROLE = "CREATE ROLE role_@;"
TCN = "CREATE EXTENSION IF NOT EXISTS tcn;"

CASES = (
    # -- functions and procedures
    Case("", F, "+ function @.f(integer) returns integer"),
    Case("", P, "+ procedure @.p(integer)"),
    Case(F, "DROP FUNCTION f", "- function @.f(integer)"),
    Case(
        F,
        "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "+ AS $function$SELECT 2$function$",
    ),
    Case(F, "ALTER FUNCTION f RENAME TO g", "function @.f(integer) renamed to @.g(integer)"),
    Case(F + ROLE, "ALTER FUNCTION f OWNER TO role_@", "owner postgres -> role_@"),
    Case(F, "ALTER FUNCTION f IMMUTABLE", "IMMUTABLE"),
    Case(F, "ALTER FUNCTION f STRICT", "STRICT"),
    Case(F, "ALTER FUNCTION f SECURITY DEFINER", "SECURITY DEFINER"),
    Case(F, "ALTER FUNCTION f LEAKPROOF", "LEAKPROOF"),
    Case(F, "ALTER FUNCTION f PARALLEL SAFE", "PARALLEL SAFE"),
    Case(F, "ALTER FUNCTION f COST 7", "COST 7"),
    Case(F, "ALTER FUNCTION f SET work_mem = '1MB'", "SET work_mem TO '1MB'"),
    Case(
        "CREATE FUNCTION f() RETURNS SETOF int LANGUAGE sql AS 'SELECT 1'",
        "ALTER FUNCTION f ROWS 7",
        "ROWS 7",
    ),
    Case(F, "ALTER FUNCTION f SUPPORT generate_series_int4_support", "SUPPORT generate_series"),
    Case(F + TCN, "ALTER FUNCTION f DEPENDS ON EXTENSION tcn", "+ depends on extension tcn"),
    Case(
        F + TCN + "ALTER FUNCTION f DEPENDS ON EXTENSION tcn",
        "ALTER FUNCTION f NO DEPENDS ON EXTENSION tcn",
        "- depends on extension tcn",
    ),
    Case(F, "COMMENT ON FUNCTION f IS 'x'", "comment 'x'"),
    Case(F + ROLE, "GRANT EXECUTE ON FUNCTION f TO role_@", "+ grant EXECUTE to role_@"),
    Case(F, "REVOKE EXECUTE ON FUNCTION f FROM PUBLIC", "- grant EXECUTE to PUBLIC"),
    Case(P, "ALTER PROCEDURE p SECURITY DEFINER", "SECURITY DEFINER"),
    Case(
        "",
        "CREATE FUNCTION w() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number'",
        "+ window function @.w()",
    ),
    Case(
        "",
        "CREATE FUNCTION f(a int DEFAULT 1, VARIADIC b int[] DEFAULT '{}') RETURNS TABLE (x int)"
        " LANGUAGE sql AS 'SELECT 1'",
        "+ function @.f(integer, integer[]) returns TABLE(x integer)",
    ),
    Case(
        F,
        "CREATE OR REPLACE FUNCTION f(a int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "a integer DEFAULT 1",
    ),
    Case(
        "",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
        "+ function @.f() returns integer",
    ),
    Case(F, F.replace("CREATE", "CREATE OR REPLACE"), ""),
    # -- aggregates
    Case("", A, "+ aggregate @.g(integer) returns integer"),
    Case(A, "DROP AGGREGATE g (int)", "- aggregate @.g(integer)"),
    Case(A, "ALTER AGGREGATE g (int) RENAME TO h", "renamed to @.h(integer)"),
    Case(A, "COMMENT ON AGGREGATE g (int) IS 'x'", "comment 'x'"),
    Case(A + ROLE, "ALTER AGGREGATE g (int) OWNER TO role_@", "owner postgres -> role_@"),
    *(
        Case(
            A,
            "CREATE OR REPLACE AGGREGATE g (int)"
            f" (SFUNC = int4pl, STYPE = int, INITCOND = '0', {option})",
            f"+ {shown}",
        )
        for option, shown in (
            ("SSPACE = 64", "SSPACE = 64"),
            ("FINALFUNC = int4abs", "FINALFUNC = int4abs"),
            ("FINALFUNC = int4abs, FINALFUNC_MODIFY = READ_WRITE", "FINALFUNC_MODIFY = w"),
            ("COMBINEFUNC = int4pl", "COMBINEFUNC = int4pl"),
            ("SORTOP = <", "SORTOP = <(integer,integer)"),
            ("PARALLEL = SAFE", "PARALLEL = s"),
            (
                "MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = int, MINITCOND = '0'",
                "MINVFUNC = int4mi",
            ),
            (
                "MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = int, MINITCOND = '0', MSSPACE = 9",
                "MSSPACE = 9",
            ),
        )
    ),
    Case(
        "",
        "CREATE AGGREGATE g (float8 ORDER BY anyelement)"
        " (SFUNC = ordered_set_transition, STYPE = internal,"
        " FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA)",
        "+ aggregate @.g(double precision, anyelement)",
    ),
    # -- languages
    Case("", L, "+ language lang_@"),
    Case("", L.replace("CREATE LANGUAGE", "CREATE TRUSTED LANGUAGE"), "+ language lang_@ trusted"),
    Case(L, "DROP LANGUAGE lang_@", "- language lang_@"),
    Case(L, "ALTER LANGUAGE lang_@ RENAME TO lang_@_x", "renamed to lang_@_x"),
    Case(L, "COMMENT ON LANGUAGE lang_@ IS 'x'", "comment 'x'"),
    Case(L + ROLE, "ALTER LANGUAGE lang_@ OWNER TO role_@", "owner postgres -> role_@"),
    Case(
        L.replace("CREATE LANGUAGE", "CREATE TRUSTED LANGUAGE") + ROLE,
        "GRANT USAGE ON LANGUAGE lang_@ TO role_@",
        "+ grant USAGE to role_@",
    ),
    Case(
        L,
        "CREATE OR REPLACE LANGUAGE lang_@ HANDLER h VALIDATOR v",
        "+ validator @.v",
    ),
    # -- casts, conversions, transforms
    Case(Y + CAST, "CREATE CAST (y AS int) WITH FUNCTION y_int(y)", "+ cast (@.y AS integer) with"),
    Case(Y, "CREATE CAST (y AS text) WITH INOUT AS ASSIGNMENT", "with inout as assignment"),
    Case(
        Y + "CREATE CAST (y AS text) WITH INOUT",
        "DROP CAST (y AS text)",
        "- cast (@.y AS pg_catalog.text)",
    ),
    Case(
        Y + "CREATE CAST (y AS text) WITH INOUT",
        "DROP CAST (y AS text); CREATE CAST (y AS text) WITH INOUT AS IMPLICIT",
        "+ as implicit",
    ),
    Case(
        Y + "CREATE CAST (y AS text) WITH INOUT",
        "COMMENT ON CAST (y AS text) IS 'x'",
        "comment 'x'",
    ),
    Case(
        "",
        "CREATE CONVERSION v FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "+ conversion @.v for LATIN1 to UTF8 from iso8859_1_to_utf8",
    ),
    Case(
        "CREATE CONVERSION v FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "ALTER CONVERSION v RENAME TO w",
        "conversion @.v renamed to @.w",
    ),
    Case(
        "CREATE CONVERSION v FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "COMMENT ON CONVERSION v IS 'x'",
        "comment 'x'",
    ),
    Case(
        Y + "CREATE FUNCTION to_sql(internal) RETURNS y LANGUAGE internal IMMUTABLE AS 'textin'",
        "CREATE TRANSFORM FOR y LANGUAGE plpgsql (TO SQL WITH FUNCTION to_sql(internal))",
        "+ transform for @.y",
    ),
    Case(
        Y + "CREATE FUNCTION to_sql(internal) RETURNS y LANGUAGE internal IMMUTABLE AS 'textin';"
        "CREATE TRANSFORM FOR y LANGUAGE plpgsql (TO SQL WITH FUNCTION to_sql(internal))",
        "DROP TRANSFORM FOR y LANGUAGE plpgsql",
        "- transform for @.y",
    ),
    # -- event triggers
    Case(
        "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE EVENT TRIGGER et_@ ON sql_drop EXECUTE FUNCTION e()",
        "+ event trigger et_@ on sql_drop execute @.e",
    ),
    Case(E, "DROP EVENT TRIGGER et_@", "- event trigger et_@"),
    Case(E, "ALTER EVENT TRIGGER et_@ DISABLE", "event trigger et_@: enabled -> disabled"),
    Case(E, "ALTER EVENT TRIGGER et_@ ENABLE ALWAYS", "enabled -> always"),
    Case(E, "ALTER EVENT TRIGGER et_@ RENAME TO et_@_x", "renamed to et_@_x"),
    Case(E, "COMMENT ON EVENT TRIGGER et_@ IS 'x'", "comment 'x'"),
    Case(
        E + "CREATE ROLE role_@ SUPERUSER",
        "ALTER EVENT TRIGGER et_@ OWNER TO role_@",
        "owner postgres -> role_@",
    ),
    Case(
        E,
        "DROP EVENT TRIGGER et_@; CREATE EVENT TRIGGER et_@ ON sql_drop"
        " WHEN TAG IN ('DROP SEQUENCE', 'DROP TABLE') EXECUTE FUNCTION e()",
        "+ when DROP TABLE",
    ),
)
