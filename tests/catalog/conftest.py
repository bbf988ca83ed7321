"""A transaction on a real database, and what each statement in it does to the schema."""

from collections.abc import Iterator
from textwrap import dedent

import psycopg
import pytest

from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.objects import Schema
from schemamig_tui.catalog.render import render, text
from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.connect.embedded import Embedded


class Rehearsal:
    """An open transaction, as a rehearsal has it."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self.conn.execute("BEGIN")
        self._schema: Schema | None = None

    @property
    def schema(self) -> Schema:
        """What there is now: read once behind each script, and only where somebody asks."""
        if self._schema is None:
            self._schema = snapshot(self.conn)
        return self._schema

    def given(self, script: str) -> None:
        """Run statements that the test is not about."""
        self.conn.execute(script.encode())
        self._schema = None

    def changes(self, script: str) -> str:
        """Run statements, and return the changes as text."""
        before = self.schema
        self.given(script)
        return changes(before, self.schema)


def changes(before: Schema, after: Schema) -> str:
    """The difference as a person reads it."""
    return text(render(diff(before, after)))


def lines(expected: str) -> str:
    """What stands indented in a test, as ``changes`` gives it."""
    return dedent(expected).lstrip("\n")


@pytest.fixture(scope="module")
def session(server: Embedded) -> Iterator[psycopg.Connection]:
    """One for all rehearsals: the first snapshot of a session is half as dear again as others."""
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        yield conn


@pytest.fixture
def rehearsal(session: psycopg.Connection) -> Iterator[Rehearsal]:
    """On the server's own database, which stays empty: all is rolled back."""
    yield Rehearsal(session)
    session.execute("ROLLBACK")
