"""Views, materialized views, and sequences."""

from tests.catalog.single_changes import Case

T = "CREATE TABLE t (a int, b text);"
V = T + "CREATE VIEW v AS SELECT a FROM t;"
M = T + "CREATE MATERIALIZED VIEW m AS SELECT a FROM t;"
ROLE = "CREATE ROLE role_@;"

CASES = (
    # -- views
    Case(T, "CREATE VIEW v AS SELECT a FROM t", "+ view @.v"),
    Case(T, "CREATE VIEW v WITH (security_barrier) AS SELECT a FROM t", "security_barrier=true"),
    Case(
        T,
        "CREATE VIEW v AS SELECT a FROM t WHERE a > 1 WITH LOCAL CHECK OPTION",
        "+ view @.v with (check_option=local)",
    ),
    Case(V, "DROP VIEW v", "- view @.v"),
    Case(V, "CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 1", "a > 1;"),
    Case(V, "CREATE OR REPLACE VIEW v AS SELECT a, b FROM t", "+ column b text"),
    Case(V, "ALTER VIEW v RENAME TO w", "view @.v renamed to @.w"),
    Case(V, "ALTER VIEW v RENAME a TO c", "column a renamed to c"),
    Case(V + ROLE, "ALTER VIEW v OWNER TO role_@", "owner postgres -> role_@"),
    Case(V, "ALTER VIEW v SET (security_barrier)", "+ with security_barrier=true"),
    Case(V, "ALTER VIEW v SET (security_invoker)", "+ with security_invoker=true", since=15),
    Case(V, "ALTER VIEW v ALTER a SET DEFAULT 7", "+ default 7"),
    Case(V, "COMMENT ON VIEW v IS 'x'", "comment 'x'"),
    Case(V, "COMMENT ON COLUMN v.a IS 'x'", "comment 'x'"),
    Case(V, "CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING", "+ rule r ON INSERT"),
    Case(V, "ALTER TABLE t RENAME a TO c", "c AS a"),
    Case(
        V + "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
        "CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f()",
        "+ trigger g INSTEAD OF INSERT",
    ),
    # -- materialized views
    Case(T, "CREATE MATERIALIZED VIEW m AS SELECT a FROM t", "+ materialized view @.m"),
    Case(T, "CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA", "+ materialized view"),
    Case(M, "DROP MATERIALIZED VIEW m", "- materialized view @.m"),
    Case(M, "CREATE INDEX i ON m (a)", "+ index i (a)"),
    Case(M, "ALTER MATERIALIZED VIEW m RENAME TO n", "@.m renamed to @.n"),
    Case(M, "ALTER MATERIALIZED VIEW m SET (fillfactor = 70)", "+ with fillfactor=70"),
    Case(M, "ALTER MATERIALIZED VIEW m ALTER a SET STATISTICS 500", "with statistics 500"),
    Case(M, "COMMENT ON MATERIALIZED VIEW m IS 'x'", "comment 'x'"),
    Case(
        M + "CREATE EXTENSION IF NOT EXISTS tcn",
        "ALTER MATERIALIZED VIEW m DEPENDS ON EXTENSION tcn",
        "depends on extension tcn",
    ),
    Case(M + "CREATE INDEX i ON m (a)", "ALTER MATERIALIZED VIEW m CLUSTER ON i", "+ clustered"),
    Case(
        M + "CREATE ACCESS METHOD am_@ TYPE TABLE HANDLER heap_tableam_handler",
        "ALTER MATERIALIZED VIEW m SET ACCESS METHOD am_@",
        "+ using am_@",
        since=15,
    ),
    Case(M, "ALTER MATERIALIZED VIEW m SET TABLESPACE elsewhere", "+ tablespace elsewhere"),
    Case(M, "REFRESH MATERIALIZED VIEW m", ""),
    Case(M, "REFRESH MATERIALIZED VIEW m WITH NO DATA", ""),
    Case(V, "CREATE OR REPLACE VIEW v AS SELECT a FROM t", ""),
    # -- sequences
    Case("", "CREATE SEQUENCE s", "+ sequence @.s bigint"),
    Case("", "CREATE SEQUENCE s AS int START 5", "+ sequence @.s integer start 5"),
    Case("", "CREATE SEQUENCE s INCREMENT -1", "increment -1"),
    Case("CREATE SEQUENCE s", "DROP SEQUENCE s", "- sequence @.s"),
    Case("CREATE SEQUENCE s", "ALTER SEQUENCE s RENAME TO r", "@.s renamed to @.r"),
    Case("CREATE SEQUENCE s", "ALTER SEQUENCE s INCREMENT 5", "increment 1 -> 5"),
    Case("CREATE SEQUENCE s", "ALTER SEQUENCE s START 5", "start 1 -> 5"),
    Case("CREATE SEQUENCE s", "ALTER SEQUENCE s MAXVALUE 99", "+ maximum 99"),
    Case("CREATE SEQUENCE s", "ALTER SEQUENCE s MINVALUE -9", "+ minimum -9"),
    Case("CREATE SEQUENCE s", "ALTER SEQUENCE s CACHE 9", "cache 1 -> 9"),
    Case("CREATE SEQUENCE s", "ALTER SEQUENCE s CYCLE", "no cycle -> cycle"),
    Case("CREATE SEQUENCE s", "ALTER SEQUENCE s AS int", "type bigint -> integer"),
    Case("CREATE SEQUENCE s", "ALTER SEQUENCE s SET UNLOGGED", "logged -> unlogged", since=15),
    Case("CREATE SEQUENCE s;" + ROLE, "ALTER SEQUENCE s OWNER TO role_@", "postgres -> role_@"),
    Case("CREATE SEQUENCE s", "COMMENT ON SEQUENCE s IS 'x'", "comment 'x'"),
    Case(T + "CREATE SEQUENCE s", "ALTER SEQUENCE s OWNED BY t.a", "+ owned by @.t.a"),
    Case(T, "CREATE SEQUENCE s OWNED BY t.a", "+ sequence @.s bigint owned by @.t.a"),
    Case(
        "CREATE TABLE t (a serial)",
        "ALTER SEQUENCE t_a_seq OWNED BY NONE",
        "- owned by @.t.a",
    ),
    Case(
        "CREATE TABLE t (a serial, b int)",
        "ALTER SEQUENCE t_a_seq OWNED BY t.b",
        "owned by @.t.a -> @.t.b",
    ),
    Case(
        T,
        "CREATE SEQUENCE s START 5; ALTER TABLE t ADD c int DEFAULT nextval('s');"
        "ALTER SEQUENCE s OWNED BY t.c",
        "+ sequence @.s bigint start 5 owned by @.t.c",
    ),
    Case(
        "CREATE TABLE t (a serial)",
        "ALTER TABLE t ALTER a DROP DEFAULT; DROP SEQUENCE t_a_seq",
        "- sequence @.t_a_seq",
    ),
    Case("CREATE TABLE t (a serial)", "ALTER TABLE t RENAME a TO b", "column a renamed to b"),
    Case("CREATE TABLE t (a serial)", "DROP TABLE t", "- table @.t"),
    Case("CREATE TABLE t (a serial)", "COMMENT ON SEQUENCE t_a_seq IS 'x'", "comment 'x'"),
    Case("CREATE SEQUENCE s", "SELECT setval('s', 9)", ""),
    Case("CREATE SEQUENCE s", "ALTER SEQUENCE s RESTART 5", ""),
)
