"""What connects a database with others: foreign tables, publications, subscriptions."""

from tests.catalog.single_changes import Case

T = "CREATE TABLE t (a int PRIMARY KEY, b text);"
W = "CREATE FOREIGN DATA WRAPPER fdw_@;"
S = W + "CREATE SERVER srv_@ FOREIGN DATA WRAPPER fdw_@;"
F = S + "CREATE FOREIGN TABLE f (a int) SERVER srv_@;"
U = S + "CREATE ROLE role_@; CREATE USER MAPPING FOR role_@ SERVER srv_@ OPTIONS (password 'p1');"
PUB = T + "CREATE PUBLICATION pub_@ FOR TABLE t;"
SUB = """
    CREATE SUBSCRIPTION sub_@ CONNECTION 'dbname=x password=p1' PUBLICATION p WITH (connect = false)
"""
ROLE = "CREATE ROLE role_@;"

CASES = (
    # -- foreign-data wrappers
    Case("", W, "+ foreign-data wrapper fdw_@"),
    Case(W, "DROP FOREIGN DATA WRAPPER fdw_@", "- foreign-data wrapper fdw_@"),
    Case(W, "ALTER FOREIGN DATA WRAPPER fdw_@ OPTIONS (ADD x 'y')", "+ with x=y"),
    Case(W, "ALTER FOREIGN DATA WRAPPER fdw_@ RENAME TO fdw_@_x", "renamed to fdw_@_x"),
    Case(
        W + "CREATE FUNCTION v(text[], oid) RETURNS void LANGUAGE internal"
        " AS 'postgresql_fdw_validator'",
        "ALTER FOREIGN DATA WRAPPER fdw_@ VALIDATOR v",
        "+ validator @.v",
    ),
    Case(
        W + "CREATE ROLE role_@ SUPERUSER",
        "ALTER FOREIGN DATA WRAPPER fdw_@ OWNER TO role_@",
        "owner postgres -> role_@",
    ),
    Case(W, "COMMENT ON FOREIGN DATA WRAPPER fdw_@ IS 'x'", "comment 'x'"),
    Case(W + ROLE, "GRANT USAGE ON FOREIGN DATA WRAPPER fdw_@ TO role_@", "grant USAGE to role_@"),
    # -- servers
    Case(
        W,
        "CREATE SERVER srv_@ TYPE 'y' VERSION '1' FOREIGN DATA WRAPPER fdw_@ OPTIONS (host 'h')",
        "+ server srv_@ y version 1 foreign-data wrapper fdw_@ with (host=h)",
    ),
    Case(S, "DROP SERVER srv_@", "- server srv_@"),
    Case(S, "ALTER SERVER srv_@ VERSION '2'", "+ version 2"),
    Case(S, "ALTER SERVER srv_@ OPTIONS (ADD host 'h')", "+ with host=h"),
    Case(S, "ALTER SERVER srv_@ RENAME TO srv_@_x", "renamed to srv_@_x"),
    Case(S + ROLE, "ALTER SERVER srv_@ OWNER TO role_@", "owner postgres -> role_@"),
    Case(S, "COMMENT ON SERVER srv_@ IS 'x'", "comment 'x'"),
    Case(S + ROLE, "GRANT USAGE ON FOREIGN SERVER srv_@ TO role_@", "+ grant USAGE to role_@"),
    # -- user mappings
    Case(S, "CREATE USER MAPPING FOR PUBLIC SERVER srv_@", "+ user mapping for PUBLIC on server"),
    Case(
        S + ROLE,
        "CREATE USER MAPPING FOR role_@ SERVER srv_@ OPTIONS (user 'u', password 'p1')",
        "+ user mapping for role_@ on server srv_@ options (user=u, password=***)",
    ),
    Case(U, "DROP USER MAPPING FOR role_@ SERVER srv_@", "- user mapping for role_@"),
    Case(
        U,
        "ALTER USER MAPPING FOR role_@ SERVER srv_@ OPTIONS (SET password 'p2')",
        "+ options password=***",
    ),
    # -- foreign tables
    Case(S, "CREATE FOREIGN TABLE f (a int) SERVER srv_@", "+ foreign table @.f server srv_@"),
    Case(
        S,
        "CREATE FOREIGN TABLE f (a int OPTIONS (n '1')) SERVER srv_@ OPTIONS (x 'y')",
        "+ a integer with (n=1)",
    ),
    Case(F, "DROP FOREIGN TABLE f", "- foreign table @.f"),
    Case(F, "ALTER FOREIGN TABLE f OPTIONS (ADD x 'y')", "+ with x=y"),
    Case(F, "ALTER FOREIGN TABLE f ADD b int", "+ column b integer"),
    Case(F, "ALTER FOREIGN TABLE f ALTER a OPTIONS (ADD n '1')", "with n=1"),
    Case(F, "ALTER FOREIGN TABLE f RENAME TO g", "foreign table @.f renamed to @.g"),
    Case(F, "COMMENT ON FOREIGN TABLE f IS 'x'", "comment 'x'"),
    Case(F, "ALTER FOREIGN TABLE f ADD CHECK (a > 0)", "CHECK (a > 0)"),
    # -- publications
    Case(T, "CREATE PUBLICATION pub_@ FOR TABLE t", "+ publication pub_@ table (@.t) publish"),
    Case("", "CREATE PUBLICATION pub_@ FOR ALL TABLES", "+ publication pub_@ for all tables"),
    Case(T, "CREATE PUBLICATION pub_@ FOR TABLE t (a)", "table (@.t (a))", since=15),
    Case(
        T,
        "CREATE PUBLICATION pub_@ FOR TABLE t WHERE (a > 1)",
        "table (@.t where (a > 1))",
        since=15,
    ),
    Case("", "CREATE PUBLICATION pub_@ FOR TABLES IN SCHEMA @", "tables in schema (@)", since=15),
    Case(PUB, "DROP PUBLICATION pub_@", "- publication pub_@"),
    Case(PUB, "ALTER PUBLICATION pub_@ DROP TABLE t", "- table @.t"),
    Case(PUB + "CREATE TABLE u ()", "ALTER PUBLICATION pub_@ ADD TABLE u", "+ table @.u"),
    Case(PUB, "ALTER PUBLICATION pub_@ SET TABLE t WHERE (a > 1)", "where (a > 1)", since=15),
    Case(PUB, "ALTER PUBLICATION pub_@ SET TABLE t (a)", "@.t -> @.t (a)", since=15),
    Case(PUB, "ALTER PUBLICATION pub_@ ADD TABLES IN SCHEMA @", "tables in schema @", since=15),
    Case(PUB, "ALTER PUBLICATION pub_@ SET (publish = 'insert')", "-> insert"),
    Case(PUB, "ALTER PUBLICATION pub_@ SET (publish_via_partition_root)", "via partition root"),
    Case(
        PUB,
        "ALTER PUBLICATION pub_@ SET (publish_generated_columns = stored)",
        "+ generated columns stored",
        since=18,
    ),
    Case(PUB, "ALTER PUBLICATION pub_@ RENAME TO pub_@_x", "renamed to pub_@_x"),
    Case(PUB + ROLE, "ALTER PUBLICATION pub_@ OWNER TO role_@", "owner postgres -> role_@"),
    Case(PUB, "COMMENT ON PUBLICATION pub_@ IS 'x'", "comment 'x'"),
    # -- subscriptions
    Case("", SUB, "+ subscription sub_@ connection dbname=x password=*** publication (p)"),
    Case(SUB, "ALTER SUBSCRIPTION sub_@ CONNECTION 'dbname=x password=p2'", "+ connection dbname"),
    Case(SUB, "ALTER SUBSCRIPTION sub_@ RENAME TO sub_@_x", "renamed to sub_@_x"),
    Case(SUB, "ALTER SUBSCRIPTION sub_@ SET (slot_name = NONE)", "- slot sub_@"),
    Case(SUB, "ALTER SUBSCRIPTION sub_@ SET (binary = true)", "binary"),
    Case(SUB, "ALTER SUBSCRIPTION sub_@ SET (streaming = on)", "streaming"),
    Case(SUB, "ALTER SUBSCRIPTION sub_@ SET (synchronous_commit = 'on')", "commit off -> on"),
    Case(SUB, "ALTER SUBSCRIPTION sub_@ SET (disable_on_error)", "disable on error", since=15),
    Case(SUB, "ALTER SUBSCRIPTION sub_@ SET (origin = none)", "origin any -> none", since=16),
    Case(SUB, "ALTER SUBSCRIPTION sub_@ SET (run_as_owner)", "run as owner", since=16),
    Case(SUB, "ALTER SUBSCRIPTION sub_@ SET (password_required = false)", "password", since=16),
    Case(
        SUB,
        "ALTER SUBSCRIPTION sub_@ SET PUBLICATION p, q WITH (refresh = false)",
        "+ publication q",
    ),
    Case(SUB, "COMMENT ON SUBSCRIPTION sub_@ IS 'x'", "comment 'x'"),
)
