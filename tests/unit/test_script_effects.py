"""What has no effect, or another than in psql, where it stands: what is said about it."""

import pytest

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.script.script import ScriptWarning
from tests.unit.scripts import refusal, script_of

DIRECTIVE = "-- schemamig: no-transaction\n"


@pytest.mark.parametrize(
    ("statement", "label"),
    [
        ("SET LOCAL work_mem = '1MB'", "SET LOCAL"),
        ("SET LOCAL TIME ZONE 'UTC'", "SET LOCAL"),
        ("SELECT pg_catalog.set_config('work_mem', '1MB', 'on')", "set_config"),
        ("SELECT set_config('work_mem', '1MB', true) AS \"from\"", "set_config"),
        ("SELECT set_config('a.b', '1', true) x, set_config('a.c', '2', true)", "set_config"),
        ("SELECT \"set_config\"('work_mem', '1MB', 't'::Boolean)", "set_config"),
        ("SELECT pg_catalog.\"set_config\"('a', '1', true::pg_catalog.bool) AS a", "set_config"),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET TRANSACTION"),
        ("SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS"),
    ],
)
def test_what_the_server_ignores_outside_of_a_transaction_is_warned_of(
    statement: str, label: str
) -> None:
    script = script_of(f"{DIRECTIVE}{statement}; BEGIN; {statement}; COMMIT;\n{statement};")
    message = f"{label} has no effect here: no transaction is open."
    assert script.warnings == (ScriptWarning(2, message), ScriptWarning(3, message))
    assert script.ignored == {0, 4}


@pytest.mark.parametrize(
    ("text", "late"),
    [
        ("SET lock_timeout = 1; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1;", False),
        ("SELECT 1; SET TRANSACTION READ WRITE;", False),
        ("SELECT 1; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;", True),
        ("CREATE TABLE t (); SET TRANSACTION DEFERRABLE;", True),
        ("SET transaction_isolation = serializable; SELECT 1;", False),
        ("SELECT 1; SET LOCAL transaction_deferrable = on;", True),
    ],
)
def test_a_set_transaction_that_comes_too_late_is_not_said_to_work(text: str, late: bool) -> None:
    *_, warning = script_of(text).warnings
    works = "SET TRANSACTION works here" in warning.message
    assert ("SET TRANSACTION comes too late" in warning.message, works) == (late, not late)


@pytest.mark.parametrize(
    ("statement", "label"),
    [
        ("SET default_transaction_isolation = serializable", "SET"),
        ("SELECT set_config('default_transaction_deferrable', 'on', false)", "set_config"),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SET SESSION CHARACTERISTICS",
        ),
    ],
)
def test_modes_for_later_transactions_are_warned_of_where_there_is_none(
    statement: str, label: str
) -> None:
    (warning,) = script_of(f"SELECT 1;\n{statement}; SELECT 2;").warnings
    assert warning.line == 2
    assert warning.message.startswith(f"{label} sets how later transactions begin")
    assert "SET TRANSACTION at the top" in warning.message
    for fine in (
        f"{statement}; BEGIN; SELECT 1; COMMIT;",
        f"{DIRECTIVE}{statement}; SELECT 1;",
        f"SELECT 1; {statement};",
        "SET default_transaction_read_only = off; SELECT 1;",
        "RESET default_transaction_isolation; SELECT 1;",
    ):
        assert script_of(fine).warnings == ()


def test_a_set_local_in_front_of_the_files_own_begin_is_warned_of() -> None:
    script = script_of("SET LOCAL lock_timeout = '1s';\nBEGIN; SELECT 1; COMMIT;")
    assert script.mode is Mode.OWN_TRANSACTION
    assert [warning.line for warning in script.warnings] == [1]
    assert script.ignored == {0}


@pytest.mark.parametrize("name", ["client_encoding", "standard_conforming_strings"])
def test_a_set_local_without_effect_that_would_change_how_the_file_is_read_is_refused(
    name: str,
) -> None:
    error = refusal(f"{DIRECTIVE}SET LOCAL {name} = on;")
    assert error.message.startswith(f"SET LOCAL {name} has no effect here")
    assert script_of(f"SET LOCAL {name} = on;").mode is Mode.TRANSACTION


@pytest.mark.parametrize("end", ["COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE TRANSACTION 'x'"])
def test_the_end_of_no_transaction_is_warned_of(end: str) -> None:
    label = end.removesuffix(" 'x'")
    script = script_of(f"SELECT 1;\n{end};\nBEGIN; COMMIT;\n{end};")
    message = f"{label} ends no transaction: none is open here."
    assert script.warnings == (ScriptWarning(2, message), ScriptWarning(4, message))


def test_a_begin_in_a_transaction_is_warned_of() -> None:
    script = script_of("BEGIN;\nBEGIN;\nCOMMIT;")
    assert script.warnings == (
        ScriptWarning(2, "BEGIN begins nothing: a transaction is open here."),
    )
