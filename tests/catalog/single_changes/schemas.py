"""Schemas, extensions, and privileges on everything."""

from tests.catalog.single_changes import Case

T = "CREATE TABLE t (a int, b text);"
F = "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
ROLE = "CREATE ROLE role_@;"
TWO = ROLE + "CREATE ROLE role_@_x;"

CASES = (
    # -- schemas
    Case("", "CREATE SCHEMA @_x", "+ schema @_x"),
    Case("CREATE SCHEMA @_x", "DROP SCHEMA @_x", "- schema @_x"),
    Case("", "ALTER SCHEMA @ RENAME TO @_x", "schema @ renamed to @_x"),
    Case(T, "ALTER SCHEMA @ RENAME TO @_x", "schema @ renamed to @_x"),
    Case(ROLE, "ALTER SCHEMA @ OWNER TO role_@", "owner postgres -> role_@"),
    Case("", "COMMENT ON SCHEMA @ IS 'x'", "comment 'x'"),
    Case(ROLE, "GRANT USAGE ON SCHEMA @ TO role_@", "+ grant USAGE to role_@"),
    # -- privileges
    Case(T + ROLE, "GRANT SELECT ON t TO role_@", "+ grant SELECT to role_@"),
    Case(T + ROLE, "GRANT SELECT ON t TO role_@ WITH GRANT OPTION", "role_@ with grant option"),
    Case(T + ROLE, "GRANT SELECT (a) ON t TO role_@", "+ grant SELECT to role_@"),
    Case(T, "GRANT SELECT (a) ON t TO postgres", "+ grant SELECT to postgres"),
    Case(T, "GRANT SELECT ON t TO PUBLIC", "+ grant SELECT to PUBLIC"),
    Case(T, "REVOKE UPDATE ON t FROM postgres", "+ owner may not UPDATE"),
    Case(T, "REVOKE ALL ON t FROM postgres", "+ owner may not SELECT"),
    Case(F, "REVOKE EXECUTE ON FUNCTION f FROM postgres", "+ owner may not EXECUTE"),
    Case(
        T + TWO + "GRANT USAGE ON SCHEMA @ TO role_@;GRANT SELECT ON t TO role_@ WITH GRANT OPTION",
        "SET ROLE role_@; GRANT SELECT ON t TO role_@_x; RESET ROLE",
        "+ grant SELECT to role_@_x by role_@",
    ),
    Case(
        T + ROLE + "GRANT SELECT ON t TO role_@",
        "REVOKE SELECT ON t FROM role_@",
        "- grant SELECT to role_@",
    ),
    Case(
        "CREATE SEQUENCE s;" + ROLE,
        "GRANT USAGE ON SEQUENCE s TO role_@",
        "+ grant USAGE to role_@",
    ),
    Case(
        "CREATE SEQUENCE s;" + ROLE,
        "REVOKE USAGE ON SEQUENCE s FROM postgres",
        "+ owner may not USAGE",
    ),
    Case(
        "CREATE DOMAIN d AS int",
        "REVOKE USAGE ON DOMAIN d FROM PUBLIC",
        "- grant USAGE to PUBLIC",
    ),
    Case(T, "GRANT SELECT ON t TO postgres", ""),
    Case(T, "GRANT SELECT ON t TO PUBLIC; REVOKE SELECT ON t FROM PUBLIC", ""),
    # -- privileges on the server's own objects
    Case(
        ROLE,
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO role_@",
        "+ privileges on function pg_catalog.pg_ls_dir(pg_catalog.text)",
        also=("pg_ls_dir",),
    ),
    Case(
        ROLE,
        "GRANT SELECT ON pg_catalog.pg_authid TO role_@",
        "+ privileges on table pg_catalog.pg_authid",
        also=("pg_authid",),
    ),
    Case(
        ROLE,
        "GRANT SELECT (umoptions) ON pg_catalog.pg_user_mapping TO role_@",
        "+ privileges on table column pg_catalog.pg_user_mapping.umoptions",
        also=("pg_user_mapping",),
    ),
    Case(
        "",
        "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) FROM PUBLIC",
        "- grant EXECUTE to PUBLIC",
        also=("pg_sleep",),
    ),
    # -- default privileges
    Case(
        ROLE,
        "ALTER DEFAULT PRIVILEGES IN SCHEMA @ GRANT SELECT ON TABLES TO role_@",
        "+ default privileges for role postgres in schema @ on tables",
    ),
    Case(
        TWO,
        "ALTER DEFAULT PRIVILEGES FOR ROLE role_@ GRANT SELECT ON TABLES TO role_@_x",
        "+ grant SELECT to role_@_x",
    ),
    Case(
        ROLE,
        "ALTER DEFAULT PRIVILEGES FOR ROLE role_@ REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        "- grant EXECUTE to PUBLIC",
    ),
    Case(
        ROLE,
        "ALTER DEFAULT PRIVILEGES FOR ROLE role_@ REVOKE USAGE ON TYPES FROM PUBLIC",
        "- grant USAGE to PUBLIC",
    ),
    Case(
        ROLE,
        "ALTER DEFAULT PRIVILEGES FOR ROLE role_@ REVOKE INSERT ON TABLES FROM role_@",
        "owner may not (INSERT)",
    ),
    Case(
        TWO + "ALTER DEFAULT PRIVILEGES FOR ROLE role_@ GRANT SELECT ON TABLES TO role_@_x",
        "ALTER DEFAULT PRIVILEGES FOR ROLE role_@ GRANT UPDATE ON TABLES TO role_@_x",
        "+ grant UPDATE to role_@_x",
    ),
    Case(
        TWO + "ALTER DEFAULT PRIVILEGES FOR ROLE role_@ GRANT SELECT ON TABLES TO role_@_x",
        "ALTER DEFAULT PRIVILEGES FOR ROLE role_@ REVOKE SELECT ON TABLES FROM role_@_x",
        "- default privileges for role role_@ on tables",
    ),
    Case(
        TWO,
        "ALTER DEFAULT PRIVILEGES FOR ROLE role_@ GRANT USAGE ON SEQUENCES TO role_@_x;"
        "ALTER DEFAULT PRIVILEGES FOR ROLE role_@ GRANT USAGE ON SCHEMAS TO role_@_x",
        "+ default privileges for role role_@ on sequences",
    ),
    # -- extensions
    Case(
        "",
        "CREATE EXTENSION fuzzystrmatch SCHEMA @",
        "+ extension fuzzystrmatch version",
        also=("fuzzystrmatch",),
    ),
    Case(
        "CREATE EXTENSION isn SCHEMA @",
        "DROP EXTENSION isn",
        "- extension isn",
        also=("isn",),
    ),
    Case(
        "CREATE EXTENSION citext SCHEMA @; CREATE SCHEMA @_x",
        "ALTER EXTENSION citext SET SCHEMA @_x",
        "schema @ -> @_x",
        also=("citext",),
    ),
    Case(
        "CREATE EXTENSION seg SCHEMA @",
        "COMMENT ON EXTENSION seg IS 'x'",
        "+ comment 'x'",
        also=("seg",),
    ),
    Case(
        "CREATE EXTENSION cube SCHEMA @ VERSION '1.4'",
        "ALTER EXTENSION cube UPDATE TO '1.5'",
        "version 1.4 -> 1.5",
        also=("cube",),
        unlike="pg_dump leaves the version to the server that is restored to",
    ),
    Case(
        "CREATE EXTENSION lo SCHEMA @;" + T,
        "ALTER EXTENSION lo ADD TABLE t",
        "+ member of extension lo",
    ),
    Case(
        "CREATE EXTENSION autoinc SCHEMA @;" + T + "ALTER EXTENSION autoinc ADD TABLE t",
        "ALTER EXTENSION autoinc DROP TABLE t",
        "- member of extension autoinc",
    ),
    Case(
        "CREATE EXTENSION refint SCHEMA @;" + F,
        "ALTER EXTENSION refint ADD FUNCTION f(int)",
        "+ member of extension refint",
    ),
    Case(
        "CREATE EXTENSION tablefunc SCHEMA @",
        "REVOKE EXECUTE ON FUNCTION crosstab(text) FROM PUBLIC",
        "+ privileges on function @.crosstab",
    ),
    Case(
        "CREATE EXTENSION moddatetime SCHEMA @;" + T + "ALTER EXTENSION moddatetime ADD TABLE t;"
        "COMMENT ON TABLE t IS 'x'",
        "ALTER TABLE t ADD c int; COMMENT ON TABLE t IS 'y'",
        "",
    ),
    # -- security labels, whose providers are modules that are loaded at the start of the server
    Case(
        T,
        "SET allow_system_table_mods = on; INSERT INTO pg_catalog.pg_seclabel VALUES"
        " ('t'::regclass, 'pg_class'::regclass, 0, 'dummy', 'secret'),"
        " ('t'::regclass, 'pg_class'::regclass, 1, 'dummy', 'secret')",
        "+ security label of dummy for table @.t 'secret'",
    ),
    Case(
        T + "SET allow_system_table_mods = on; INSERT INTO pg_catalog.pg_seclabel VALUES"
        " ('t'::regclass, 'pg_class'::regclass, 0, 'dummy', 'secret'),"
        " ('t'::regclass, 'pg_class'::regclass, 1, 'dummy', 'secret')",
        "SET allow_system_table_mods = on; UPDATE pg_catalog.pg_seclabel SET label = 'open'"
        " WHERE objoid = 't'::regclass",
        "security label of dummy for column @.t.a: 'secret' -> 'open'",
    ),
)
