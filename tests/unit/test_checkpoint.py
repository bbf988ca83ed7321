"""A checkpoint is text for people that a later run reads."""

import pytest

from schemamig_tui.engine.ledger.checkpoint import (
    Checkpoint,
    SessionState,
    dumped,
    read_checkpoint,
)

DIGEST = "d41d8cd98f00b204e9800998ecf8427e"
LINE = f"Statements done: 4 of 7 (md5 {DIGEST})"
SESSION = SessionState(
    starts={"client_encoding": "UTF8"},
    login="an app: {x} after statement 9",
    after=4,
    state={"role": "app", "app.x": 'a\nb: {"c"} é', "LISTEN a": ""},
)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint(4, DIGEST),
        Checkpoint(4, DIGEST, session=SESSION),
        Checkpoint(4, DIGEST, unasked=True, session=SESSION),
        Checkpoint(4, DIGEST, doubtful=DIGEST),
        Checkpoint(4, DIGEST, unasked=True, unknowable=3, session=SESSION),
        Checkpoint(4, DIGEST, doubtful=DIGEST, unasked=True, session=SESSION),
        Checkpoint(
            4,
            DIGEST,
            chained="ISOLATION LEVEL SERIALIZABLE, READ WRITE, NOT DEFERRABLE",
            session=SessionState({}, "a", 3, {}, in_doubt=True),
        ),
    ],
)
def test_it_is_read_as_it_was_written(checkpoint: Checkpoint) -> None:
    lines = LINE + checkpoint.further_lines()
    assert read_checkpoint(f"ERROR 22012: division by zero\nHINT: none\n{lines}") == checkpoint
    # What an error says may look like one; the last one counts.
    assert read_checkpoint(f"ERROR: {LINE}\nA new session starts with {{}}\n{lines}") == checkpoint


@pytest.mark.parametrize(
    "message",
    [
        None,
        "",
        "ERROR: division by zero",
        f"{LINE}\nand more",
    ],
)
def test_anything_else_is_none(message: str | None) -> None:
    assert read_checkpoint(message) is None


@pytest.mark.parametrize(
    ("starts", "state"), [("{}", "{]}"), ("{}", '{"a": 1}'), ('{"a": {}}', "{}")]
)
def test_a_session_that_cannot_be_read_is_in_doubt(starts: str, state: str) -> None:
    lines = f"A new session starts with {starts}\nSession of a after statement 4: {state}"
    checkpoint = read_checkpoint(f"{LINE}\n{lines}")
    assert checkpoint
    assert checkpoint.session
    assert checkpoint.session.in_doubt


def test_names_stand_in_the_order_of_the_server() -> None:
    assert dumped({"bb": "1", "c": "2", "aa": "é"}) == '{"c": "2", "aa": "é", "bb": "1"}'
