"""What no statement can make again in a new session is told by words, where they are code."""

import pytest

from schemamig_tui.sql.unrestorable import (
    asks_for_last_value,
    leaves,
    may_change,
    may_hide,
    stores_setter,
)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("LOAD 'auto_explain'", True),
        ("SELECT setseed(0.5)", True),
        ("SELECT dblink_connect('a', 'dbname=b')", True),
        ("SELECT set_config(name, 'x', false) FROM settings", True),
        ("DO $$BEGIN EXECUTE 'SET ' || v; END$$", True),
        ("DO $$BEGIN EXECUTE format('SET %I = 1', v); END$$", True),
        ("DO $a$BEGIN EXECUTE $$SET app.$$ || v; END$a$", True),
        ("DO $$BEGIN q := 'SET app.'; EXECUTE q || v; END$$", True),
        ("DO $$BEGIN EXECUTE replace('SET # = 1', '#', v); END$$", True),
        ("DO $$BEGIN EXECUTE concat_ws(' ', 'SET', v, '= 1'); END$$", True),
        (r"""SELECT U&"set\005fconfig"('app.' || v, 'x', false)""", True),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS $$return 1$$", True),
        ("SELECT set_config('app.x', 'x', false)", False),
        ("CREATE EXTENSION IF NOT EXISTS pg_trgm", False),
        ("INSERT INTO a VALUES ('setseed(1)', 'LOAD ''x''')", False),
        ("SELECT 1 -- setseed(1)\n", False),
        ("DO $$BEGIN /* setseed(1) */ PERFORM 1; END$$", False),
        ("UPDATE a SET b = '%'", False),
        ("DO $$BEGIN RAISE NOTICE 'set % rows', 1; END$$", False),
        (r"""CREATE TABLE U&"\0061" (x int)""", False),
        ("DO $$BEGIN EXECUTE 'UPDATE a SET ' || v || ' = 1'; END$$", False),
        ("DO $$BEGIN EXECUTE 'ALTER TABLE a ' || 'SET (fillfactor = 90)'; END$$", False),
        ("DO $$BEGIN EXECUTE format('ALTER TABLE %I SET SCHEMA %I', v, w); END$$", False),
        ("DO $$BEGIN INSERT INTO a VALUES ('set of #1'), ('set', 'x'); END$$", False),
    ],
)
def test_what_stays_in_a_session(sql: str, found: bool) -> None:
    assert leaves(sql.encode()) is found


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT currval('q')", True),
        ("DO $$BEGIN PERFORM lastval (); END$$", True),
        ("SELECT \"currval\"('q'), pg_catalog.lastval/* */()", True),
        ("SELECT 'currval(1)'", False),
        ("SELECT lastval FROM currval", False),
        ("SELECT nextval('q') -- currval(1)\n", False),
    ],
)
def test_the_last_value_of_a_sequence(sql: str, found: bool) -> None:
    assert asks_for_last_value(sql.encode()) is found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("BEGIN SET LOCAL a = 1; END", True),
        ("SELECT set_config('a', 'b', true)", True),
        ("BEGIN UNLISTEN *; END", True),
        ("BEGIN UPDATE a SET b = locale; END", False),
    ],
)
def test_what_may_look_different_behind_a_commit(code: str, found: bool) -> None:
    assert may_hide(code.encode()) is found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("BEGIN UPDATE pg_settings SET setting = 'b' WHERE name = 'a'; END", True),
        ("SELECT set_limit(0.5)", True),
        ("SELECT U&\"set\\005fconfig\"('a', 'b', false)", True),
        ("BEGIN UPDATE settings SET setting = 'b'; END", False),
    ],
)
def test_what_may_change_a_session(code: str, found: bool) -> None:
    assert may_change(code.encode()) is found


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN SET a = 1; END'", True),
        ("DO $$BEGIN EXECUTE 'CREATE FUNCTION f() ...'; END$$", True),
        ("CREATE TABLE a (x text DEFAULT set_config('a', 'b', false))", True),
        ("ALTER VIEW a ALTER x SET DEFAULT set_config('a', 'b', false)", True),
        ("CREATE RULE r AS ON INSERT TO a DO ALSO UPDATE pg_settings SET setting = 1", True),
        ("CREATE EXTENSION x", True),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", False),
        ("CREATE TRIGGER t BEFORE INSERT ON a EXECUTE FUNCTION f()", False),
        ("DO $$BEGIN SET a = 1; UPDATE a SET created_at = now(); END$$", False),
        ("INSERT INTO a VALUES ('set_config')", False),
    ],
)
def test_what_may_store_code_that_changes_a_session(sql: str, found: bool) -> None:
    assert stores_setter(sql.encode()) is found
