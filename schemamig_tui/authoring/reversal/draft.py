"""Drafts the statements of a reversal: one statement of the original after the other, backwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from schemamig_tui.authoring.reversal.history import History, Made
from schemamig_tui.authoring.reversal.undo import undo
from schemamig_tui.authoring.reversal.walk import Walk, obstacle
from schemamig_tui.catalog.writes import Writes
from schemamig_tui.engine import Script
from schemamig_tui.sql.concurrently import without_concurrently
from schemamig_tui.sql.inverse.inverse import NOTHING, Ask, Inverse, Named
from schemamig_tui.sql.inverse.objects import Identity, identity, is_named_in, words_of
from schemamig_tui.sql.inverse.table import inverse
from schemamig_tui.sql.removals import mentions
from schemamig_tui.sql.traits import Assignment
from schemamig_tui.sql.words import literal
from schemamig_tui.text import visible

_IN_SESSION = ("search_path", "role", "session_authorization")
_NONE = Named("", "")
_RESET = {"session_authorization": "RESET SESSION AUTHORIZATION"}


@dataclass
class Reverted:
    """How one statement of the original is taken back.

    ``statements`` do it, in the order to run them; ``stays`` is what they cannot take back, and
    ``remarks`` are good to know. ``session`` is what SET had set for the statement, by setting.
    """

    line: int
    original: bytes
    statements: tuple[str, ...]
    stays: tuple[str, ...]
    remarks: tuple[str, ...]
    session: Mapping[str, str]


@dataclass(frozen=True)
class Draft:
    """The reversal of a file: its parts in the order to run them.

    ``stopped`` says why the database could not be asked any more, with the place in the original.
    """

    parts: tuple[Reverted, ...]
    stopped: str | None = None

    @property
    def complete(self) -> bool:
        """Whether everything is taken back."""
        return not any(part.stays for part in self.parts)


class _Known(NamedTuple):
    statements: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    added: tuple[Named, ...] = ()


@dataclass
class Drafting:
    """Drafts the reversal of ``script``; ``kept`` is a schema that stays, as it has the ledger.

    With a ``walk``, which is to be at the place before the file, each statement is run when its
    turn comes. Without one only the texts are known, and ``history``: what the files before it have
    made.
    """

    script: Script
    kept: str
    walk: Walk | None = None
    history: History = field(default_factory=History)
    stopped: str | None = None
    _gone: dict[Identity, Reverted] = field(default_factory=dict)

    def draft(self, count: int | None = None) -> Draft:
        """The reversal of the first ``count`` statements, or of all."""
        script = self.script
        session: dict[str, str] = {}
        parts: list[Reverted] = []
        if self.walk:
            self.walk.start_file()
        for i in range(len(script) if count is None else count):
            traits = script.traits(i)
            if traits.only_sets or traits.assigns:
                self._run(i)
                self.history.note(script.sql(i), NOTHING)
                _note_session(session, traits.assigns, script.sql(i))
                continue
            found = inverse(script.sql(i))
            part = self._part(i, found, dict(session))
            self.history.note(script.sql(i), found)
            if part.statements or part.stays or part.remarks:
                parts.append(part)
        kept = [part for part in parts if part.statements or part.stays or part.remarks]
        return Draft(tuple(reversed(kept)), self.stopped)

    def _part(self, i: int, found: Inverse, session: Mapping[str, str]) -> Reverted:
        part = Reverted(self.script.line(i), self.script.sql(i), (), (), (), session)
        along = set(map(identity, found.takes_along))
        is_new = all(one in self._gone for one in along)
        goes_along = is_new and any(identity(one) in self._gone for one in found.on)
        if goes_along and not self._needs_later(found, part.original):
            self._run(i)
            self._forget(along)
            self._gone.update((one, part) for one in along)
        elif found.drops and all(identity(one) in self._gone for one in found.drops):
            self._run(i)
            self._forget({identity(one) for one in found.drops})
            return part
        else:
            if along and is_new and self.walk is None:
                self._forget(along)
                found = replace(found, needs=())
            known = self._taken_back(i, found)
            if not goes_along or not known.stays:
                goes_along = False
                part.statements, part.stays, part.remarks, added = known
                self._gone.update((identity(one), part) for one in added)
        # What was asked for tells by itself what is new.
        if (
            goes_along
            or not found.sql
            or (part.statements and not (self.walk and found.if_missing))
        ):
            self._gone.update((identity(one), part) for one in found.creates)
        if (
            found.creates == (Named("SCHEMA", self.kept),)
            or f"DROP SCHEMA {self.kept}" in part.statements
        ):
            part.statements, part.stays = (), ()
            part.remarks = (f"Schema {self.kept} stays: it has the ledger.",)
        return part

    def _needs_later(self, found: Inverse, sql: bytes) -> bool:
        """Whether it may need what the file has made behind what it is about.

        That is dropped first, so this has to be taken back before: a foreign key, or a trigger.
        """
        if found.ask is Ask.COMMENT:
            return False
        made = list(self._gone.items())
        on, along = set(map(identity, found.on)), set(map(identity, found.takes_along))
        first = next(number for number, (one, _) in enumerate(made) if one in on)
        words = words_of(sql)
        return any(
            part.statements and one not in along and is_named_in(words, one)
            for one, part in made[first + 1 :]
        )

    def _forget(self, dropped: set[Identity]) -> None:
        """Forget what the file itself has made, and drops again or has go with something else."""
        for one in dropped:
            part = self._gone.pop(one)
            part.statements = tuple(
                sql
                for sql in part.statements
                if not dropped.issuperset(map(identity, inverse(sql.encode()).drops or [_NONE]))
            )
            if not part.statements:
                part.remarks = ()

    def _taken_back(self, i: int, found: Inverse) -> _Known:
        if found.ask is None or self.walk is None or obstacle(self.script, i):
            self._run(i)
        else:
            ask = self._ask_comment if found.ask is Ask.COMMENT else self._ask_schema
            if known := ask(self.walk, i, found):
                return known
        earlier = [self.history.made(one) for one in found.creates]
        if (
            found.if_missing
            and earlier
            and (last := earlier[-1])
            and all(earlier)
            and (found.replaces or last.is_there)
        ):
            return _as_before(found, last)
        if found.drops and (definitions := self.history.definitions(found.drops)):
            return _as_made(self.script.sql(i), definitions)
        sql = () if found.ask is Ask.COMMENT else found.sql
        return _Known(sql, (*found.needs, *found.lost), (*found.doubts, *found.remarks))

    # -- asking the database

    def _run(self, i: int) -> bool:
        """Run a statement; tells whether it did. Behind one that does not, nothing is known."""
        if self.walk is None:
            return False
        if reason := obstacle(self.script, i):
            self.stopped = self.stopped or reason
            return False
        if stop := self.walk.run(self.script, i):
            self.stopped, self.walk = str(stop), None
        return stop is None

    def _ask_comment(self, walk: Walk, i: int, found: Inverse) -> _Known | None:
        before = walk.comments()
        if not self._run(i):
            return None
        after = walk.comments()
        changed = {
            before.get(key)
            for key in before.keys() | after.keys()
            if before.get(key) != after.get(key)
        }
        return _Known(
            tuple(found.sql[0] + ("NULL" if old is None else literal(old)) for old in changed)
        )

    def _ask_schema(self, walk: Walk, i: int, found: Inverse) -> _Known | None:
        before, originals, role = walk.schema(), walk.originals(), walk.role
        writes = walk.writes() if found.runs_code else None
        if not self._run(i):
            return None
        known = undo(before, walk.schema(), originals, role)
        lost = found.lost
        if writes is not None and _did_nothing(writes, walk.writes(), known.statements):
            lost = ()
        stays = (*known.unknown, *lost)
        statements = known.statements
        if self.script.traits(i).concurrently:
            statements = tuple(
                sql.replace("INDEX ", "INDEX CONCURRENTLY ", 1) if "INDEX " in sql else sql
                for sql in statements
            )
        remarks = found.remarks if statements or stays else ()
        return _Known(statements, stays, remarks, known.added)


def _as_before(found: Inverse, earlier: Made) -> _Known:
    """What takes back a CREATE OR REPLACE, or one IF NOT EXISTS, of what another file has made."""
    shown = visible(earlier.file)
    if found.replaces and earlier.replaces:
        return _Known((earlier.sql.decode(errors="backslashreplace"),), (), (f"As in {shown}.",))
    if found.replaces:
        return _Known(stays=(f"what it replaced, which {shown} has made",))
    return _Known(remarks=(f"It was there already: {shown} has made it.",))


def _as_made(sql: bytes, definitions: Sequence[Made]) -> _Known:
    """What takes back a DROP of what other files have made: their statements."""
    statements, stays = [], []
    for made in definitions:
        create = made.sql
        if not without_concurrently(sql):
            create = without_concurrently(create) or create
        statements.append(create.decode(errors="backslashreplace"))
        if made.named.kind == "SEQUENCE":
            stays.append(f"the value that sequence {made.named.name} had")
    if mentions(sql, "cascade"):
        stays.append("what CASCADE has dropped besides")
    files = ", ".join(dict.fromkeys(visible(made.file) for made in definitions))
    return _Known(tuple(statements), tuple(stays), (f"As in {files}.",))


def _did_nothing(
    before: tuple[Writes | None, int],
    after: tuple[Writes | None, int],
    statements: tuple[str, ...],
) -> bool:
    """Whether code has written no rows of tables, nor of catalogs but for what is taken back."""
    return before[1] == after[1] and (bool(statements) or before[0] == after[0] is not None)


def _note_session(session: dict[str, str], assigned: Assignment | None, sql: bytes) -> None:
    if assigned is None:
        return
    if assigned.name is None:
        session.clear()
    elif assigned.name in _IN_SESSION:
        session[assigned.name] = sql.decode(errors="backslashreplace")


def with_session(parts: tuple[Reverted, ...]) -> Iterator[Reverted]:
    """The parts, with the SETs in front of each that it needs, as it had them."""
    now: Mapping[str, str] = {}
    for part in parts:
        if part.statements and part.session != now:
            resets = [
                _RESET.get(name, f"RESET {name.upper()}")
                for name in now
                if name not in part.session
            ]
            sets = [sql for name, sql in part.session.items() if now.get(name) != sql]
            yield replace(part, statements=(*resets, *sets, *part.statements))
            now = part.session
        else:
            yield part
