"""Operators, what index access methods do with them, and text search."""

from tests.catalog.single_changes import Case

EQUAL = "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);"
FAMILY = "CREATE OPERATOR FAMILY o USING btree;"
CLASS = """
    CREATE OPERATOR CLASS k FOR TYPE int USING btree FAMILY o
    AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
        FUNCTION 1 btint4cmp(int, int);
"""
PARSER = """
    CREATE TEXT SEARCH PARSER r (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end,
        LEXTYPES = prsd_lextype);
"""
DICTIONARY = "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);"
CONFIGURATION = "CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);"
ROLE = "CREATE ROLE role_@;"

CASES = (
    # -- operators
    Case("", EQUAL, "+ operator @.===(integer,integer) function int4eq"),
    Case("", "CREATE OPERATOR !!! (RIGHTARG = int, FUNCTION = int4abs)", "@.!!!(NONE,integer)"),
    Case(
        "",
        "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, COMMUTATOR = ===,"
        " RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES)",
        "commutator @.===(integer,integer) restrict eqsel join eqjoinsel hashes merges",
    ),
    Case(EQUAL, "DROP OPERATOR === (int, int)", "- operator @.===(integer,integer)"),
    Case(EQUAL, "ALTER OPERATOR === (int, int) SET (RESTRICT = eqsel)", "+ restrict eqsel"),
    Case(EQUAL, "ALTER OPERATOR === (int, int) SET (JOIN = eqjoinsel)", "+ join eqjoinsel"),
    Case(EQUAL, "ALTER OPERATOR === (int, int) SET (HASHES)", "hashes", since=17),
    Case(EQUAL + ROLE, "ALTER OPERATOR === (int, int) OWNER TO role_@", "postgres -> role_@"),
    Case(EQUAL, "COMMENT ON OPERATOR === (int, int) IS 'x'", "comment 'x'"),
    Case(
        EQUAL + "CREATE SCHEMA @_x",
        "ALTER OPERATOR === (int, int) SET SCHEMA @_x",
        "renamed to @_x.===(integer,integer)",
    ),
    # -- families and classes
    Case("", FAMILY, "+ operator family @.o USING btree"),
    Case(FAMILY, "DROP OPERATOR FAMILY o USING btree", "- operator family @.o USING btree"),
    Case(FAMILY, "ALTER OPERATOR FAMILY o USING btree RENAME TO q", "renamed to @.q USING btree"),
    Case(FAMILY, "COMMENT ON OPERATOR FAMILY o USING btree IS 'x'", "comment 'x'"),
    Case(
        FAMILY + ROLE,
        "ALTER OPERATOR FAMILY o USING btree OWNER TO role_@",
        "owner postgres -> role_@",
    ),
    Case(
        FAMILY,
        "ALTER OPERATOR FAMILY o USING btree ADD OPERATOR 1 < (int, int8)",
        "+ operator 1 <(integer,bigint)",
    ),
    Case(
        FAMILY + "ALTER OPERATOR FAMILY o USING btree ADD OPERATOR 1 < (int, int8)",
        "ALTER OPERATOR FAMILY o USING btree DROP OPERATOR 1 (int, int8)",
        "- operator 1 <(integer,bigint)",
    ),
    Case(
        FAMILY,
        "ALTER OPERATOR FAMILY o USING btree ADD FUNCTION 1 btint48cmp(int, int8)",
        "+ function 1 (integer, bigint) btint48cmp(integer,bigint)",
    ),
    Case(FAMILY, CLASS, "+ operator class @.k USING btree for integer family @.o"),
    Case(
        "",
        CLASS.replace("FAMILY o", ""),
        "+ operator class @.k USING btree for integer family @.k",
    ),
    Case(
        "CREATE TYPE y AS ENUM ('a');" + FAMILY,
        "CREATE OPERATOR CLASS k DEFAULT FOR TYPE y USING hash AS OPERATOR 1 = (anyenum, anyenum),"
        " FUNCTION 1 hashenum(anyenum)",
        "+ operator class @.k USING hash default for @.y",
    ),
    Case(FAMILY + CLASS, "DROP OPERATOR CLASS k USING btree", "- operator class @.k USING btree"),
    Case(
        FAMILY + CLASS,
        "ALTER OPERATOR CLASS k USING btree RENAME TO q",
        "operator class @.k USING btree renamed to @.q USING btree",
    ),
    Case(FAMILY + CLASS, "COMMENT ON OPERATOR CLASS k USING btree IS 'x'", "comment 'x'"),
    # -- access methods
    Case(
        "",
        "CREATE ACCESS METHOD am_@ TYPE INDEX HANDLER bthandler",
        "+ access method am_@ index handler bthandler",
    ),
    Case(
        "CREATE ACCESS METHOD am_@ TYPE INDEX HANDLER bthandler",
        "DROP ACCESS METHOD am_@",
        "- access method am_@",
    ),
    Case(
        "CREATE ACCESS METHOD am_@ TYPE INDEX HANDLER bthandler",
        "COMMENT ON ACCESS METHOD am_@ IS 'x'",
        "comment 'x'",
    ),
    # -- text search
    Case("", PARSER, "+ text search parser @.r start prsd_start gettoken prsd_nexttoken"),
    Case(PARSER, "DROP TEXT SEARCH PARSER r", "- text search parser @.r"),
    Case(PARSER, "ALTER TEXT SEARCH PARSER r RENAME TO q", "@.r renamed to @.q"),
    Case(PARSER, "COMMENT ON TEXT SEARCH PARSER r IS 'x'", "comment 'x'"),
    Case(
        "",
        "CREATE TEXT SEARCH TEMPLATE m (INIT = dsimple_init, LEXIZE = dsimple_lexize)",
        "+ text search template @.m init dsimple_init lexize dsimple_lexize",
    ),
    Case(
        "CREATE TEXT SEARCH TEMPLATE m (LEXIZE = dsimple_lexize)",
        "DROP TEXT SEARCH TEMPLATE m",
        "- text search template @.m",
    ),
    Case("", DICTIONARY, "+ text search dictionary @.d template pg_catalog.simple"),
    Case(DICTIONARY, "ALTER TEXT SEARCH DICTIONARY d (accept = false)", "+ with accept = 'false'"),
    Case(DICTIONARY, "DROP TEXT SEARCH DICTIONARY d", "- text search dictionary @.d"),
    Case(DICTIONARY, "ALTER TEXT SEARCH DICTIONARY d RENAME TO q", "@.d renamed to @.q"),
    Case(DICTIONARY, "COMMENT ON TEXT SEARCH DICTIONARY d IS 'x'", "comment 'x'"),
    Case(DICTIONARY + ROLE, "ALTER TEXT SEARCH DICTIONARY d OWNER TO role_@", "-> role_@"),
    Case("", CONFIGURATION, '+ text search configuration @.c parser pg_catalog."default"'),
    Case(
        CONFIGURATION,
        "ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR asciiword WITH english_stem, simple",
        "+ map asciiword to english_stem, simple",
    ),
    Case(
        CONFIGURATION
        + "ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR asciiword, word WITH simple",
        "ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR word",
        "- map word to simple",
    ),
    Case(
        CONFIGURATION
        + "ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR asciiword, word WITH simple",
        "ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING REPLACE simple WITH english_stem",
        "+ map word to english_stem",
    ),
    Case(CONFIGURATION, "DROP TEXT SEARCH CONFIGURATION c", "- text search configuration @.c"),
    Case(CONFIGURATION, "ALTER TEXT SEARCH CONFIGURATION c RENAME TO q", "@.c renamed to @.q"),
    Case(CONFIGURATION, "COMMENT ON TEXT SEARCH CONFIGURATION c IS 'x'", "comment 'x'"),
    Case(CONFIGURATION + ROLE, "ALTER TEXT SEARCH CONFIGURATION c OWNER TO role_@", "-> role_@"),
)
