"""A folder of migrations, a database to rehearse them on, and what must not have changed there."""

from pathlib import Path
from typing import Any

import pytest

from schemamig_tui.catalog.changes import What
from schemamig_tui.limits import Limits, RehearsalLimits
from schemamig_tui.rehearsal.events import (
    FileRehearsed,
    LocksTaken,
    RehearsalFinished,
    RelationLock,
    RelationsRewritten,
    WorkDone,
)
from schemamig_tui.rehearsal.rehearsal import Rehearsal
from tests.conftest import Database
from tests.engine.conftest import LEDGER, Workshop

# Every row of the catalogs that DDL writes, with who wrote it last and where its data are.
_CATALOGS = "pg_class pg_attribute pg_constraint pg_index pg_proc pg_type pg_enum pg_namespace"


class Rehearsals(Workshop):
    """A workshop in which nothing is applied but what ``ask`` and ``applies`` do."""

    def rehearsal(self, **options: Any) -> Rehearsal:
        """A rehearsal that notes its events here, and none of an earlier one's."""
        self.events.clear()
        hint = options.pop("extension_hint", None)
        limits = RehearsalLimits(options.pop("limits", Limits()), **options)
        return Rehearsal(
            self.connect,
            self.folder,
            LEDGER,
            self.events.append,
            limits=limits,
            extension_hint=hint,
        )

    def rehearse(self, to: str | None = None, **options: Any) -> RehearsalFinished:
        """Rehearse what is pending."""
        return self.rehearsal(**options).rehearse_pending(to)

    def rehearses(self, *scripts: str | bytes) -> RehearsalFinished:
        """Rehearse these migrations, which have to succeed."""
        finished = self.tries(*scripts)
        assert finished.failed is None, self.failure
        return finished

    def tries(self, *scripts: str | bytes, **options: Any) -> RehearsalFinished:
        """Rehearse these migrations: 1.sql, 2.sql ..."""
        for number, script in enumerate(scripts, 1):
            self.write(f"{number}.sql", script)
        return self.rehearse(**options)

    @property
    def locks(self) -> list[tuple[int, str, str]]:
        """The locks that were reported: the statement, the relation, the mode."""
        return [
            (taken.statement, lock.relation, lock.mode)
            for taken in self.events_of(LocksTaken)
            for lock in taken.locks
        ]

    def lock(self, relation: str) -> RelationLock:
        """The last lock that was reported for a relation."""
        return [
            lock
            for taken in self.events_of(LocksTaken)
            for lock in taken.locks
            if lock.relation == relation
        ][-1]

    @property
    def rewritten(self) -> list[tuple[int, tuple[str, ...]]]:
        """What was written anew, with the statement that did it."""
        return [(one.statement, one.relations) for one in self.events_of(RelationsRewritten)]

    @property
    def emptied(self) -> list[tuple[int, tuple[str, ...]]]:
        """What was emptied, with the statement that did it."""
        return [(one.statement, one.emptied) for one in self.events_of(WorkDone) if one.emptied]

    @property
    def changes(self) -> dict[str, list[tuple[What, str, str]]]:
        """What each file has changed in the schema."""
        return {
            one.name: [(change.what, change.kind, change.name) for change in one.changes]
            for one in self.events_of(FileRehearsed)
        }

    def inventory(self) -> list[Any]:
        """What is in the database, down to who wrote each row of the catalog."""
        found: list[Any] = []
        for catalog in _CATALOGS.split():
            # VACUUM of its own accord may write how many pages a table has.
            columns = "oid, relname, relfilenode" if catalog == "pg_class" else "t.*, t.xmin"
            found += self.ask(f"SELECT row({columns})::text FROM {catalog} t ORDER BY 1")
        tables = self.ask(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid >= 16384"
            " AND relnamespace <> 'information_schema'::regnamespace ORDER BY 1"
        )
        return found + [(table, self.ask(f"SELECT count(*) FROM {table}")) for table in tables]


@pytest.fixture
def shop(tmp_path: Path, database: Database) -> Rehearsals:
    """An empty folder and an empty database."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    return Rehearsals(folder, database)
