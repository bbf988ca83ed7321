"""Asks the server between two batches, by generators that yield queries and receive the answers."""

from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg.pq.abc import PGresult

from schemamig_tui.engine.pipeline.pipeline import Crash
from schemamig_tui.engine.pipeline.quiet import run_quietly
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.pipeline.transaction import COMMIT
from schemamig_tui.sql.words import literal

Row = tuple[str | None, ...]
Answer = TypeVar("Answer")
Questions = Generator[Step, None, Answer]
"""Makes steps, each with the answers to those before, and returns what it has found out."""


def texts(values: Sequence[str | None]) -> tuple[bytes | None, ...]:
    """Values as parameters of a query. A database in SQL_ASCII may hold bytes that are no UTF-8."""
    return tuple(
        None if value is None else value.encode(errors="surrogateescape") for value in values
    )


def ask(
    query: str,
    values: Sequence[str | None] = (),
    types: tuple[int, ...] | None = None,
    role: Role = Role.HOUSEKEEPING,
) -> Questions[list[Row]]:
    """Ask for the rows of a query, all columns as text."""
    answers: list[list[Row]] = []
    yield Step(
        query.encode(),
        role,
        params=texts(values) if values else None,
        types=types,
        awaited=True,
        answer=lambda result: answers.append(_rows(result)),
    )
    return answers[0] if answers else []


_SETTINGS = {
    # Values are written in a form that the server reads back under any setting.
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "client_encoding": "UTF8",
    # The server shows every row, or fails where a policy would hide one.
    "row_security": "off",
    # A walk reads little, whatever the planner expects: JIT and workers would only cost time.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    # The session is idle only while an answer travels to us and the next query back.
    "idle_in_transaction_session_timeout": "0",
}


class Bracket(NamedTuple):
    """The queries that begin and end a part of the session in which questions are asked.

    The end takes back all settings that were made in between.
    """

    begin: bytes
    ends: tuple[bytes, ...]


OWN_TRANSACTION = Bracket(b"BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", (COMMIT,))
IN_A_TRANSACTION = Bracket(
    b"SAVEPOINT schemamig_questions",
    (
        b"ROLLBACK TO SAVEPOINT schemamig_questions",
        b"RELEASE SAVEPOINT schemamig_questions",
    ),
)
"""Where a transaction is open that others have begun."""


def opening(bracket: Bracket, schemas: Sequence[str] = ()) -> Iterator[Step]:
    """Begin to ask, with settings under which values can be read back.

    Operators are found in pg_catalog, and then in ``schemas``.
    """
    calls = ", ".join(
        f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in _SETTINGS.items()
    )
    yield Step(bracket.begin, Role.HOUSEKEEPING)
    yield Step(f"SELECT {calls}".encode(), Role.HOUSEKEEPING)
    yield from _finding(schemas)


def _finding(schemas: Sequence[str]) -> Iterator[Step]:
    """Have operators found in pg_catalog, and then in ``schemas``, in the rest of a transaction."""
    path = ", ".join(["pg_catalog", *map(_quoted, schemas)])
    call = f"pg_catalog.set_config('search_path', {literal(path)}, true)"
    yield Step(f"SELECT {call}".encode(), Role.HOUSEKEEPING)


def closing(bracket: Bracket) -> Iterator[Step]:
    """End what ``opening`` has begun."""
    yield from (Step(query, Role.HOUSEKEEPING) for query in bracket.ends)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class QuestionFailed(Exception):
    """The server has refused a query; ``crash`` has its reason."""

    def __init__(self, crash: Crash) -> None:
        super().__init__("the server has refused a query")
        self.crash = crash


def answer(conn: psycopg.Connection[Any], questions: Questions[Answer]) -> Answer:
    """Ask on a connection in autocommit mode. Raises QuestionFailed, and what the questions do."""
    found: list[Answer] = []

    def steps() -> Iterator[Step]:
        found.append((yield from questions))

    if crash := run_quietly(conn, steps()):
        raise QuestionFailed(crash)
    return found[0]


def _rows(result: PGresult) -> list[Row]:
    return [
        tuple(_text(result.get_value(row, column)) for column in range(result.nfields))
        for row in range(result.ntuples)
    ]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="surrogateescape")
