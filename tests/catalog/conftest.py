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
        self.last = snapshot(conn)

    def given(self, script: str) -> None:
        """Run statements that the test is not about."""
        self.conn.execute(script.encode())
        self.last = snapshot(self.conn)

    def changes(self, script: str) -> str:
        """Run statements, and return the changes as text."""
        before = self.last
        self.given(script)
        return changes(before, self.last)


def changes(before: Schema, after: Schema) -> str:
    """The difference as a person reads it."""
    return text(render(diff(before, after)))


def lines(expected: str) -> str:
    """What stands indented in a test, as ``changes`` gives it."""
    return dedent(expected).lstrip("\n")


@pytest.fixture
def rehearsal(server: Embedded) -> Iterator[Rehearsal]:
    """On the server's own database, which stays empty: all is rolled back."""
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        yield Rehearsal(conn)
        conn.execute("ROLLBACK")
