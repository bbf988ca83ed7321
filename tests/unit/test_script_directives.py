"""What other migration tools write in comments: ways back, and directives for no transaction."""

import pytest

from schemamig_tui.authoring.adopt.tools import TOOLS
from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.script.script import ScriptWarning
from tests.unit.scripts import refusal, script_of

WAYS_BACK = {
    "goose": (
        *("-- +goose Down", "--  +goose  down", "--+goose DOWN"),
        *("-- +gooseDown", "---- +goose Down --"),
    ),
    "sql-migrate": ("-- +migrate Down", "-- +migrate Down notransaction"),
    "micrate": ("-- +micrate Down",),
    "dbmate": ("-- migrate:down", "--migrate:down", "-- migrate:down transaction:false"),
    "tern": ("---- create above / drop below ----",),
    "node-pg-migrate": ("-- Down Migration", "-- ---- down  migration", "  -- Down Migration (x)"),
    "rambler": ("-- rambler down", "-- rambler  down "),
    "MyBatis": ("-- //@UNDO", "--//@UNDO", " --  //  @UNDO", "--//@undo"),
    "Atlas": ("-- down.sql --",),
    "Play": (
        *("# --- !Downs", "-- !Downs", "# -- !Downs", "#--- !Downs"),
        *("-- users !Downs", "-- # --- !Downs"),
    ),
    "shmig": ("-- ==== DOWN ====",),
    "Mojo::Pg": ("-- 1 down", "--12 DOWN "),
    "two-way": (
        *("-- Down", "--DOWN ", "  --  down", "-- @Down", "-- [down]", "-- UNDO:"),
        *("--- migration:down", "-- Rollback Migration", "-- Revert", "-- [Backward]"),
    ),
    "pogo-migrate": ("-- migrate: rollback", "--migrate:rollback"),
    "Alembic": ("-- Running downgrade 1975ea83b712 -> ae1027a6acf",),
    "Sqitch": ("-- Revert app:users from pg",),
}
NO_TRANSACTION = {
    "goose": (
        *("-- +goose NO TRANSACTION", "-- +goose Up\n-- +goose no transaction"),
        "---- +gooseNo Transaction --",
    ),
    "sql-migrate": ("-- +migrate Up notransaction", "-- x\n-- +migrate Up foo notransaction"),
    "dbmate": ("-- migrate:up transaction:false", "\n--migrate:up  a:b transaction:false"),
    "sqlx": ("-- no-transaction",),
    "graphile-migrate": (
        "--! no-transaction",
        "--!no-transaction",
        "--! Previous: sha1:abc\n--! Hash: sha1:def\n\n--! no-transaction",
    ),
    "tern": ("---- tern: disable-tx ----", "-- x\n\n---- tern: disable-tx ----"),
    "Liquibase": (
        "--liquibase formatted sql\n--changeset ann:1 runInTransaction:false",
        "-- changeset ann:1 labels:a runOnChange:true runintransaction:FALSE",
    ),
    "Atlas": ("-- atlas:txmode none\n", "-- a comment\n-- atlas:txmode none\n"),
    "postgres-migrations": ("-- postgres-migrations disable-transaction",),
    "Codd": ("-- codd: no-txn", "-- a comment\n\n-- codd: force, no-txn"),
    "yoyo": ("-- transactional: false", "-- depends: 0001\n\n--transactional:False"),
    "Evolve": ("-- evolve-tx-off", "-- evolve-repeat-always\n--evolve-TX-OFF", "--EVOLVE-TX-OFF"),
    "Migratus": ("-- :disable-transaction",),
    "Bytebase": ("-- txn-mode = off", "--txn-isolation = SERIALIZABLE\n--  TXN-MODE=Off"),
}


def pairs(table: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Each spelling with its tool."""
    return [(tool, text) for tool, texts in table.items() for text in texts]


@pytest.mark.parametrize(("tool", "marker"), pairs(WAYS_BACK))
def test_the_way_back_of_another_tool_is_refused(tool: str, marker: str) -> None:
    error = refusal(f"-- up\nCREATE TABLE t (a int);\n\n{marker}\nDROP TABLE t;")
    assert error.line == 4
    assert error.message.startswith(("The way back of a ", "The way back of an "))
    assert f" {tool} migration begins here (" in error.message
    assert error.hint is not None
    assert "Remove this part" in error.hint
    assert (f"--adopt {tool} takes over" in error.hint) == (tool.casefold() in TOOLS)


@pytest.mark.parametrize(("tool", "marker"), pairs(WAYS_BACK))
def test_neither_line_ends_nor_a_byte_order_mark_hide_a_way_back(tool: str, marker: str) -> None:
    text = f"\ufeff-- up\r\nCREATE TABLE t (a int);\r\n{marker}\r\nDROP TABLE t;"
    assert f" {tool} migration begins here (" in refusal(text).message


@pytest.mark.parametrize(
    "there", ["-- Up", "-- Apply", "-- MIGRATE", "-- Forwards", "--- Deploy ---"]
)
def test_a_title_of_the_way_back_is_one_behind_a_title_of_the_way_there(there: str) -> None:
    text = "CREATE TABLE t (a int);\n\n-- Revert:\nDROP TABLE t;"
    assert refusal(f"{there}\n{text}").line == 4
    script_of(f"-- users\n{text}")


def test_the_markers_of_the_way_there_are_plain_comments() -> None:
    script_of(
        "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementEnd\n"
        "-- +migrate Up\n-- migrate:up\n-- Up Migration\n-- rambler up\n-- !Ups\n"
        "-- ====  UP  ====\n-- Deploy app:users to pg\n-- atlas:txtar\n-- migration.sql --\n"
        "--changeset ann:1 runInTransaction:true\n--rollback DROP TABLE users;\nSELECT 2;\n"
        "-- 1 up\n-- 2 down, 1 to go\n-- codd: in-txn\nSELECT 3;"
    )


def test_a_way_back_with_nothing_in_it_does_no_harm() -> None:
    script = script_of("-- migrate:up\nCREATE TABLE t (a int);\n-- migrate:down\n-- none;\n ;")
    assert len(script) == 1


@pytest.mark.parametrize("comment", ["-- +goose ENVSUB ON", "--+gooseEnvsub on\r"])
def test_a_file_that_goose_fills_in_is_refused(comment: str) -> None:
    error = refusal(f"-- +goose Up\n{comment}\nINSERT INTO t VALUES ('${{REGION}}');")
    assert error.line == 2
    assert "goose would put values of its environment" in error.message
    script_of("-- +goose ENVSUB OFF\nSELECT 1; -- +goose ENVSUB ON is for goose\nSELECT 2;")


def test_a_way_back_that_stands_in_a_statement_is_refused_too() -> None:
    assert refusal("CREATE TABLE t (a int)\n-- +goose Down\nDROP TABLE t").line == 2


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '\n-- +goose Down\n';",
        "SELECT E'\n-- +goose Down\n' '\n-- migrate:down';",
        "DO $$\n-- migrate:down\n$$;",
        "/*\n-- migrate:down\n*/ SELECT 1;",
        'SELECT "\n-- migrate:down\n";',
        "COPY t FROM stdin;\n-- Down Migration\n\\.\n",
        "CREATE FUNCTION f() BEGIN ATOMIC\n-- migrate:down\nSELECT 1; END;",
        "-- migrate:up\n-- +goose Up\n-- see migrate:down\n-- migrate:download\nSELECT 1;",
        "-- Add down migration script here\nSELECT 1;",
        "SELECT 1; -- rambler down\nSELECT 2;",
        "SELECT (\n-- !Downs\n1);",
        "-- !downs\n-- rambler downhill\n-- ---- create above / drop below\nSELECT 1;",
        "-- Revert the default from before\nSELECT 1;",
        "-- down\nSELECT 1;\n-- up\nSELECT 2;",
        "-- up\nSELECT 1;\n-- down the road\n-- downs\nSELECT 2;",
        "-- apply\nSELECT 1;\n-- rollback follows\n-- \u00fcber down\nSELECT 2;",
    ],
)
def test_the_same_words_elsewhere_are_just_text(text: str) -> None:
    script_of(text)


@pytest.mark.parametrize(("tool", "head"), pairs(NO_TRANSACTION))
def test_the_directive_of_another_tool_is_heeded_and_named(tool: str, head: str) -> None:
    script = script_of(f"{head}\nSELECT 1;")
    lines = head.rstrip("\n").split("\n")
    assert script.mode is Mode.NO_TRANSACTION
    assert script.reason == f"{tool}'s directive in line {len(lines)} says so: {lines[-1]}"
    assert script.warnings == ()


@pytest.mark.parametrize(("tool", "head"), pairs(NO_TRANSACTION))
def test_neither_line_ends_nor_a_byte_order_mark_hide_a_directive(tool: str, head: str) -> None:
    script = script_of(f"\ufeff{head}\nSELECT 1;".replace("\n", "\r\n"))
    assert script.mode is Mode.NO_TRANSACTION
    assert script.reason.startswith(f"{tool}'s directive in line ")


@pytest.mark.parametrize(
    ("text", "line", "tool"),
    [
        ("-- x\n-- no-transaction\nSELECT 1;", 2, "sqlx"),
        ("\n-- no-transaction\nSELECT 1;", 2, "sqlx"),
        ("SELECT 1;\n--! no-transaction\n", 2, "graphile-migrate"),
        ("-- x\n--! no-transaction\nSELECT 1;", 2, "graphile-migrate"),
        ("-- atlas:txmode none\nSELECT 1;", 1, "Atlas"),
        ("\n-- atlas:txmode none\n\nSELECT 1;", 2, "Atlas"),
        ("SELECT 1;\n-- transactional: false\n", 2, "yoyo"),
        ("SELECT 1;\n-- codd: no-txn\n", 2, "Codd"),
        ("-- x\n-- evolve-tx-off\nSELECT 1;", 2, "Evolve"),
        ("\n-- :disable-transaction\nSELECT 1;", 2, "Migratus"),
        ("-- x\n-- txn-mode = off\nSELECT 1;", 2, "Bytebase"),
    ],
)
def test_a_directive_where_its_tool_does_not_heed_it_is_warned_of(
    text: str, line: int, tool: str
) -> None:
    script = script_of(text)
    assert script.mode is Mode.TRANSACTION
    (warning,) = script.warnings
    assert warning.line == line
    assert f"has no effect here: {tool} heeds it only " in warning.message


@pytest.mark.parametrize(
    "text",
    [
        "-- atlas:txmode file\n\nSELECT 1;",
        "-- migrate:up transaction:true\nSELECT 1;",
        "-- migrate:up\n-- transaction:false\nSELECT 1;",
        "-- +migrate Up\n-- notransaction\nSELECT 1;",
        "-- +goose NO TRANSACTIONS\nSELECT 1;",
        "-- tern: disable-tx\nSELECT 1;",
        "-- transactional: true\nSELECT 1;",
        "-- txn-mode = on\nSELECT 1;",
        "-- evolve-repeat-always\nSELECT 1;",
        "DO $$\n-- +goose NO TRANSACTION\n$$;",
        "SELECT '\n---- tern: disable-tx ----\n';",
        "SELECT 1; -- +goose NO TRANSACTION",
    ],
)
def test_what_is_no_directive_changes_nothing(text: str) -> None:
    script = script_of(text)
    assert (script.mode, script.warnings) == (Mode.TRANSACTION, ())


def test_our_own_directive_is_named_before_those_of_others() -> None:
    script = script_of("-- schemamig: no-transaction\n-- +goose NO TRANSACTION\nSELECT 1;")
    assert script.reason == "the directive in its first line says so"


def test_a_byte_order_mark_is_not_in_the_way_of_a_directive() -> None:
    assert script_of("\ufeff-- no-transaction\nSELECT 1;").mode is Mode.NO_TRANSACTION


def test_a_directive_of_ours_behind_a_statement_is_refused() -> None:
    assert refusal("SELECT 1; -- schemamig: no-transaction").line == 1


def test_several_warnings_stand_in_the_order_of_their_lines() -> None:
    script = script_of("\\echo a\n\n-- no-transaction\n\\echo b\nSELECT 1;")
    assert [warning.line for warning in script.warnings] == [1, 3, 4]
    assert script.warnings[0] == ScriptWarning(
        1, "\\echo is left out: it shows something in psql only."
    )
