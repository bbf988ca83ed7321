"""Which files add an enum value and use it, so that the value has to be committed in between."""

import pytest

from schemamig_tui.engine.events import Mode
from schemamig_tui.sql.dialect import Dialect
from tests.unit.scripts import script_of


@pytest.mark.parametrize(
    "use",
    [
        "INSERT INTO people VALUES ('Ann', 'it''s ok')",
        "SELECT 'it''s ok'::mood",
        "ALTER TABLE people ALTER COLUMN mood SET DEFAULT 'it''s ok'",
        "DO $$ BEGIN INSERT INTO people VALUES ('it''s ok'); END $$",
        "DO $$ BEGIN EXECUTE $q$ INSERT INTO people VALUES ('it''s ok') $q$; END $$",
        "DO 'BEGIN PERFORM ''it''''s ok''; END'",
        "CREATE FUNCTION f() RETURNS mood LANGUAGE sql AS $$ SELECT 'it''s ok'::mood $$",
        "CREATE FUNCTION f() RETURNS mood AS $$ SELECT 'it''s ok'::mood $$ LANGUAGE 'SQL'",
        "CREATE FUNCTION f() RETURNS mood BEGIN ATOMIC SELECT 'it''s ok'::mood; END",
        "SELECT E'it\\'s ok'::mood, E'\\x69t''s ok'::mood",
        "SELECT U&'\\0069t''s \\+00006fk'::mood",
        "SELECT '{sad, \"it''s ok\"}'::mood[]",
        "SELECT ROW('(1,it''s ok)')::people",
        "SELECT jsonb_populate_record(NULL::people, '{\"mood\": \"it''s ok\"}')",
        "SELECT enum_range(NULL::mood)",
        "SELECT * FROM people WHERE mood < Enum_Last(NULL::mood)",
        "COPY people FROM stdin;\nAnn\tit's ok\n\\.\n",
        'COPY people FROM stdin (FORMAT csv);\nAnn,"it\'s ok"\n\\.\n',
    ],
)
def test_an_enum_value_that_is_added_and_used_is_committed_in_between(use: str) -> None:
    script = script_of(f"SELECT 1;\nALTER TYPE mood ADD VALUE 'it''s ok';\n\n{use};")
    assert script.mode is Mode.NO_TRANSACTION
    assert script.reason == (
        "line 4 uses the enum value 'it's ok' of line 2, which has to be committed first"
    )


@pytest.mark.parametrize(
    "added",
    [
        "$$ok$$",
        "$v$ok$v$",
        "E'\\x6fk'",
        "U&'\\006fk'",
        "IF NOT EXISTS 'ok' BEFORE 'sad'",
    ],
)
@pytest.mark.parametrize(
    "by",
    [
        "{}",
        "DO $do$ BEGIN {}; EXCEPTION WHEN OTHERS THEN NULL; END $do$",
        "DO $do$ BEGIN EXECUTE $x${}$x$; END $do$",
    ],
)
def test_an_enum_value_is_known_however_it_is_added(by: str, added: str) -> None:
    alter = by.format(f'ALTER TYPE public . "mood" ADD /* new */ VALUE {added}')
    script = script_of(f"{alter}; SELECT 'ok'::mood;")
    assert script.mode is Mode.NO_TRANSACTION


@pytest.mark.parametrize(
    "code",
    [
        "EXECUTE format('ALTER TYPE %I ADD VALUE IF NOT EXISTS %L', 'mood', 'ok');",
        "EXECUTE 'ALTER TYPE mood ADD VALUE ' || quote_literal('ok');",
        "FOREACH v IN ARRAY ARRAY['sad', 'ok'] LOOP"
        " EXECUTE 'ALTER TYPE mood ADD VALUE ''' || v || ''''; END LOOP;",
    ],
)
def test_any_string_may_be_the_value_in_a_statement_that_is_put_together(code: str) -> None:
    block = f"DO $$ DECLARE v text; BEGIN {code} END $$;"
    assert script_of(f"{block} SELECT 'ok'::mood;").mode is Mode.NO_TRANSACTION
    assert script_of(f"{block} SELECT 'else';").mode is Mode.TRANSACTION


def test_the_data_of_a_big_copy_is_searched_for_an_enum_value() -> None:
    rows = "Ann\tsad\n" * 20_000
    copy = "ALTER TYPE mood ADD VALUE 'ok'; COPY people FROM stdin;\n"
    assert script_of(f"{copy}{rows}book\tOK\n\\.\n").mode is Mode.TRANSACTION
    for place in range(64 * 1024 - 6, 64 * 1024 + 2):
        value = rows[: place // 8 * 8] + " " * (place % 8) + "\tok\n"
        assert script_of(f"{copy}{value}{rows}\\.\n").mode is Mode.NO_TRANSACTION


@pytest.mark.parametrize(
    "others",
    [
        "SELECT 1;",
        "ALTER TYPE mood ADD VALUE 'better' AFTER 'ok';",
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';",
        "SELECT 'okay', 'OK', \"ok\", ok; -- 'ok'\n/* 'ok' */;",
        "SELECT '{okay, is ok}', E'\\\\ok', \"enum_range\";",
        "COPY people FROM stdin;\nokay\tis ok\n\\.\n",
        "COMMENT ON TYPE mood IS 'ok';",
        "CREATE FUNCTION f() RETURNS mood LANGUAGE plpgsql AS $$ BEGIN RETURN 'ok'; END $$;",
    ],
)
def test_an_enum_value_that_is_only_added_needs_no_commit(others: str) -> None:
    used_before = "SELECT 'ok';"
    script = script_of(f"{used_before} ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok'; {others}")
    assert script.mode is Mode.TRANSACTION


@pytest.mark.parametrize(
    ("made", "mode"),
    [
        ("mood", Mode.TRANSACTION),
        ('public."mood"', Mode.TRANSACTION),
        ("app.mood", Mode.NO_TRANSACTION),
        ('"Mood"', Mode.NO_TRANSACTION),
        ("moody", Mode.NO_TRANSACTION),
    ],
)
def test_the_values_of_a_type_of_the_same_file_can_be_used_at_once(made: str, mode: Mode) -> None:
    script = script_of(
        f"CREATE TYPE {made} AS ENUM ('sad');"
        "ALTER TYPE public.mood ADD VALUE 'ok'; SELECT 'ok'::public.mood;"
    )
    assert script.mode is mode


@pytest.mark.parametrize(
    ("rename", "mode"),
    [
        ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';", Mode.NO_TRANSACTION),
        ("DO $$BEGIN ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'; END$$;", Mode.NO_TRANSACTION),
        ("ALTER TYPE mood RENAME VALUE 'sad' TO 'fine';", Mode.TRANSACTION),
    ],
)
def test_a_value_that_is_added_and_renamed_is_committed_before_its_new_name_is_used(
    rename: str, mode: Mode
) -> None:
    assert script_of(f"ALTER TYPE mood ADD VALUE 'ok'; {rename} SELECT 'fine'::mood;").mode is mode


def test_before_postgresql_17_the_values_of_a_type_of_the_same_file_have_to_be_committed() -> None:
    file = "CREATE TYPE mood AS ENUM ('sad'); ALTER TYPE mood ADD VALUE 'ok'; SELECT 'ok'::mood;"
    script = script_of(file, Dialect(has_open_enums=False))
    assert script.mode is Mode.NO_TRANSACTION


def test_in_the_files_own_transaction_an_enum_value_is_left_to_the_server() -> None:
    script = script_of("BEGIN; ALTER TYPE mood ADD VALUE 'ok'; SELECT 'ok'::mood; COMMIT;")
    assert script.mode is Mode.OWN_TRANSACTION
