"""Types of all sorts, and collations."""

from tests.catalog.single_changes import Case

ENUM = "CREATE TYPE e AS ENUM ('a', 'b');"
DOMAIN = "CREATE DOMAIN d AS int CONSTRAINT c CHECK (VALUE > 0);"
PAIR = "CREATE TYPE y AS (a int, b text);"
RANGE = "CREATE TYPE r AS RANGE (subtype = float8);"
SHELL = """
    CREATE TYPE b;
    CREATE FUNCTION b_in(cstring) RETURNS b LANGUAGE internal IMMUTABLE STRICT AS 'textin';
    CREATE FUNCTION b_out(b) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
    CREATE FUNCTION b_send(b) RETURNS bytea LANGUAGE internal STABLE STRICT AS 'textsend';
    CREATE FUNCTION b_analyze(internal) RETURNS bool LANGUAGE internal AS 'range_typanalyze';
"""
BASE = SHELL + "CREATE TYPE b (INPUT = b_in, OUTPUT = b_out);"
ROLE = "CREATE ROLE role_@;"

CASES = (
    # -- enums
    Case("", "CREATE TYPE e AS ENUM ('a', 'b')", "+ enum @.e ('a', 'b')"),
    Case("", "CREATE TYPE e AS ENUM ()", "+ enum @.e ()"),
    Case(ENUM, "ALTER TYPE e ADD VALUE 'c'", "+ value 'c' after 'b'"),
    Case(ENUM, "ALTER TYPE e ADD VALUE 'c' BEFORE 'a'", "+ value 'c'"),
    Case(ENUM, "ALTER TYPE e RENAME VALUE 'a' TO 'z'", "value 'a' renamed to 'z'"),
    Case(ENUM, "ALTER TYPE e RENAME TO f", "enum @.e renamed to @.f"),
    Case(ENUM, "DROP TYPE e", "- enum @.e"),
    Case(ENUM, "COMMENT ON TYPE e IS 'x'", "comment 'x'"),
    Case(ENUM + ROLE, "ALTER TYPE e OWNER TO role_@", "owner postgres -> role_@"),
    Case(ENUM + ROLE, "GRANT USAGE ON TYPE e TO role_@", "+ grant USAGE to role_@"),
    Case(ENUM, "REVOKE USAGE ON TYPE e FROM PUBLIC", "- grant USAGE to PUBLIC"),
    # -- domains
    Case("", "CREATE DOMAIN d AS int", "+ domain @.d as integer"),
    Case("", 'CREATE DOMAIN d AS text COLLATE "C"', 'collate pg_catalog."C"'),
    Case("", DOMAIN, "+ domain @.d as integer constraint c CHECK (VALUE > 0)"),
    Case("CREATE DOMAIN d AS int", "ALTER DOMAIN d SET NOT NULL", "nullable -> not null"),
    Case("CREATE DOMAIN d AS int", "ALTER DOMAIN d SET DEFAULT 7", "+ default 7"),
    Case(DOMAIN, "ALTER DOMAIN d ADD CHECK (VALUE < 9)", "+ constraint d_check CHECK (VALUE < 9)"),
    Case(
        DOMAIN,
        "ALTER DOMAIN d ADD CONSTRAINT n CHECK (VALUE < 9) NOT VALID",
        "+ constraint n CHECK (VALUE < 9) not valid",
    ),
    Case(
        DOMAIN + "ALTER DOMAIN d ADD CONSTRAINT n CHECK (VALUE < 9) NOT VALID",
        "ALTER DOMAIN d VALIDATE CONSTRAINT n",
        "constraint n: not valid -> valid",
    ),
    Case(DOMAIN, "ALTER DOMAIN d DROP CONSTRAINT c", "- constraint c CHECK (VALUE > 0)"),
    Case(DOMAIN, "ALTER DOMAIN d RENAME CONSTRAINT c TO k", "constraint c renamed to k"),
    Case(DOMAIN, "COMMENT ON CONSTRAINT c ON DOMAIN d IS 'x'", "comment 'x'"),
    Case(DOMAIN, "ALTER DOMAIN d RENAME TO q", "domain @.d renamed to @.q"),
    Case(DOMAIN, "DROP DOMAIN d", "- domain @.d"),
    Case(DOMAIN, "COMMENT ON DOMAIN d IS 'x'", "comment 'x'"),
    Case(
        "CREATE DOMAIN d AS int NOT NULL",
        "ALTER DOMAIN d RENAME CONSTRAINT d_not_null TO n",
        "constraint d_not_null renamed to n",
        since=17,
    ),
    Case(
        "CREATE DOMAIN d AS int NOT NULL",
        "COMMENT ON CONSTRAINT d_not_null ON DOMAIN d IS 'x'",
        "comment 'x'",
        since=17,
    ),
    # -- composite types
    Case("", PAIR, "+ composite type @.y"),
    Case(PAIR, "ALTER TYPE y ADD ATTRIBUTE c date", "+ column c date"),
    Case(PAIR, "ALTER TYPE y DROP ATTRIBUTE b", "- column b text"),
    Case(PAIR, "ALTER TYPE y ALTER ATTRIBUTE a TYPE bigint", "type integer -> bigint"),
    Case(PAIR, "ALTER TYPE y RENAME ATTRIBUTE a TO c", "column a renamed to c"),
    Case(PAIR, "ALTER TYPE y RENAME TO z", "composite type @.y renamed to @.z"),
    Case(PAIR, "DROP TYPE y", "- composite type @.y"),
    Case(PAIR, "COMMENT ON TYPE y IS 'x'", "comment 'x'"),
    Case(PAIR, "COMMENT ON COLUMN y.a IS 'x'", "comment 'x'"),
    Case(PAIR + ROLE, "ALTER TYPE y OWNER TO role_@", "owner postgres -> role_@"),
    Case(PAIR + ROLE, "GRANT USAGE ON TYPE y TO role_@", "+ grant USAGE to role_@"),
    Case(PAIR, "REVOKE USAGE ON TYPE y FROM PUBLIC", "- grant USAGE to PUBLIC"),
    # -- ranges
    Case("", RANGE, "+ range type @.r of double precision"),
    Case(
        "",
        "CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = float8mi)",
        "difference float8mi",
    ),
    Case(
        "",
        'CREATE TYPE r AS RANGE (subtype = text, collation = "C")',
        'of text collate pg_catalog."C"',
    ),
    Case(
        "",
        "CREATE TYPE r AS RANGE (subtype = text, subtype_opclass = text_pattern_ops)",
        "operator class pg_catalog.text_pattern_ops",
    ),
    Case(
        "",
        "CREATE TYPE r AS RANGE (subtype = float8, multirange_type_name = many)",
        "multirange @.many",
    ),
    Case(RANGE, "ALTER TYPE r RENAME TO q", "range type @.r renamed to @.q"),
    Case(RANGE, "ALTER TYPE r_multirange RENAME TO many", "multirange @.many"),
    Case(RANGE, "COMMENT ON TYPE r IS 'x'", "comment 'x'"),
    Case(RANGE, "DROP TYPE r", "- range type @.r"),
    # -- base types and their shells
    Case("", "CREATE TYPE b", "+ shell type @.b"),
    Case("CREATE TYPE b", "DROP TYPE b", "- shell type @.b"),
    Case(SHELL, "CREATE TYPE b (INPUT = b_in, OUTPUT = b_out)", "input @.b_in output @.b_out"),
    Case(BASE, "ALTER TYPE b SET (SEND = b_send)", "+ send @.b_send"),
    Case(BASE, "ALTER TYPE b SET (ANALYZE = b_analyze)", "+ analyze @.b_analyze"),
    Case(BASE, "ALTER TYPE b SET (STORAGE = extended)", "storage p -> x"),
    Case(BASE, "ALTER TYPE b RENAME TO q", "base type @.b renamed to @.q"),
    Case(BASE, "COMMENT ON TYPE b IS 'x'", "comment 'x'"),
    Case(
        SHELL,
        "CREATE TYPE b (INPUT = b_in, OUTPUT = b_out, INTERNALLENGTH = 8, ALIGNMENT = double,"
        " CATEGORY = 'X', PREFERRED, DEFAULT = 'z', ELEMENT = int, DELIMITER = ';', COLLATABLE)",
        "length 8 alignment d storage p category X preferred element integer delimiter ;",
    ),
    # -- collations
    Case("", "CREATE COLLATION l (locale = 'C')", "+ collation @.l provider libc collate C"),
    Case(
        "",
        "CREATE COLLATION l (provider = icu, locale = 'und', deterministic = false)",
        "not deterministic",
        icu=True,
    ),
    Case(
        "",
        "CREATE COLLATION l (provider = icu, locale = 'und', rules = '&b < a')",
        "rules &b < a",
        icu=True,
        since=16,
    ),
    Case(
        "",
        "CREATE COLLATION l (provider = builtin, locale = 'C.UTF-8')",
        "provider builtin locale C.UTF-8",
        since=17,
    ),
    Case("CREATE COLLATION l (locale = 'C')", "ALTER COLLATION l RENAME TO m", "renamed to @.m"),
    Case("CREATE COLLATION l (locale = 'C')", "DROP COLLATION l", "- collation @.l"),
    Case("CREATE COLLATION l (locale = 'C')", "COMMENT ON COLLATION l IS 'x'", "comment 'x'"),
    Case(
        "CREATE COLLATION l (locale = 'C');" + ROLE,
        "ALTER COLLATION l OWNER TO role_@",
        "owner postgres -> role_@",
    ),
    Case(
        "CREATE COLLATION l (locale = 'C')",
        "DROP COLLATION l; CREATE COLLATION l (locale = 'POSIX')",
        "collate C -> POSIX",
    ),
)
