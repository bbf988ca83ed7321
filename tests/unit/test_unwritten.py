"""Which files nobody has written yet, and which have something to run."""

import pytest

from schemamig_tui.sql.unwritten import has_statements, is_empty_transaction


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN;COMMIT;",
        "-- to do\nBEGIN;\n\n-- write it here\n\nCOMMIT;\n",
        "SET lock_timeout = '5s';\n/* a */ SET x = 1;\nbegin work; ;; end",
        "START TRANSACTION ISOLATION LEVEL SERIALIZABLE , READ WRITE; END TRANSACTION;",
        "\ufeffBEGIN -- here\n;\r\nCOMMIT /* **/ WORK -- done",
    ],
)
def test_an_empty_transaction_is_unwritten(text: str) -> None:
    assert is_empty_transaction(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-- nothing",
        "BEGIN;",
        "COMMIT;",
        "BEGIN; SELECT 1; COMMIT;",
        "BEGIN; COMMIT; SELECT 1;",
        "SELECT 1; BEGIN; COMMIT;",
        "SET x = 1; CREATE TABLE t (); BEGIN; COMMIT;",
        "/* a */ BEGIN; /* b */ SELECT 1; /* c */ COMMIT;",
        "BEGIN; -- COMMIT;\nDROP TABLE t; COMMIT;",
        "BEGIN CREATE TABLE t (); COMMIT;",
        "BEGINNING; COMMIT;",
        "BEGIN; COMMITTED;",
        "BEGIN; ROLLBACK;",
        "BEGIN; COMMIT AND CHAIN;",
        "\\set x 1\nBEGIN; COMMIT;",
    ],
)
def test_anything_else_is_written_or_no_transaction(text: str) -> None:
    assert not is_empty_transaction(text.encode())


@pytest.mark.parametrize("text", ["", "\ufeff", " \r\n;;", "-- a\n/* ; */ -- b", "--"])
def test_blanks_and_comments_are_no_statements(text: str) -> None:
    assert not has_statements(text.encode())


@pytest.mark.parametrize("text", ["x", "-- a\nSELECT 1", "/* a", "/* /* */ */", "BEGIN;COMMIT"])
def test_all_else_may_be_one(text: str) -> None:
    assert has_statements(text.encode())
