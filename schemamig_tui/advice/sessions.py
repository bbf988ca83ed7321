"""Warns of sessions and transactions that the pending files may have to wait for."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from schemamig_tui.advice.advice import Advice, note, warning
from schemamig_tui.advice.database import Database
from schemamig_tui.advice.effects import RelationEffect
from schemamig_tui.advice.privileges import MigrationRole
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.locks import BY_SERVER_NAME, Lock
from schemamig_tui.text import redact_query
from schemamig_tui.units import lasting

IDLE = 1.0
"""How many seconds a session may be idle in a transaction: between two statements each one is."""

_MOST = 10
"""How many sessions are reported one by one; the others are counted."""

# Catalogs that all databases share are locked in none of them.
_LOCKS = """
SELECT coalesce(pid, 0) AS pid, virtualtransaction AS holder, relation::bigint, mode
FROM pg_catalog.pg_locks
WHERE granted AND locktype = 'relation' AND relation = ANY (%(oids)s::oid[])
    AND pid IS DISTINCT FROM pg_backend_pid() AND (database = 0 OR database =
        (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
"""

# Most of what other roles do is NULL where we may not see it, so NULL must not leave a row out.
# Parallel workers go with their leader.
_SESSIONS = """
SELECT a.pid, coalesce(a.usename, '') AS user, a.application_name AS application,
    coalesce(a.client_hostname, host(a.client_addr), '') AS client, coalesce(a.state, '') AS state,
    extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS age,
    extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS unchanged,
    a.backend_xmin IS NOT NULL AS has_snapshot, left(a.query, 400) AS query,
    coalesce(a.backend_type, '') = 'autovacuum worker'
        OR a.usesysid IS NULL AND (v.pid IS NOT NULL OR z.pid IS NOT NULL) AS automatic,
    CASE WHEN v.pid IS NOT NULL THEN 'VACUUM' WHEN z.pid IS NOT NULL THEN 'ANALYZE' END AS upkeep,
    a.query = '<insufficient privilege>' AS hidden
FROM pg_catalog.pg_stat_activity a
    LEFT JOIN pg_catalog.pg_stat_progress_vacuum v USING (pid)
    LEFT JOIN pg_catalog.pg_stat_progress_analyze z USING (pid)
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
    AND coalesce(a.backend_type, '') NOT IN ('parallel worker', 'walsender')
ORDER BY a.xact_start, a.pid
"""

# The locks of a prepared transaction are found by the one that it has on its own number.
_PREPARED = """
SELECT l.virtualtransaction AS holder, quote_literal(p.gid) AS gid, p.owner::text AS owner,
    extract(epoch FROM clock_timestamp() - p.prepared)::float8 AS age
FROM pg_catalog.pg_prepared_xacts p
    JOIN pg_catalog.pg_locks l ON l.pid IS NULL AND l.transactionid = p.transaction
WHERE p.database = current_database() ORDER BY p.prepared
"""


@dataclass(frozen=True, slots=True)
class _Held:
    """A lock that a session or a prepared transaction has on a relation."""

    pid: int
    holder: str
    relation: int
    mode: str


@dataclass(frozen=True, slots=True)
class _OtherSession:
    """Another session; ``age`` of its transaction and ``unchanged`` of its state are seconds."""

    pid: int
    user: str
    application: str
    client: str
    state: str
    age: float | None
    unchanged: float | None
    has_snapshot: bool
    query: str
    automatic: bool
    upkeep: str | None
    hidden: bool

    def __str__(self) -> str:
        known = {"user": self.user, "application": self.application, "client": self.client}
        return ", ".join([f"pid {self.pid}", *(f"{k} {v}" for k, v in known.items() if v)])


@dataclass(frozen=True, slots=True)
class _Prepared:
    holder: str
    gid: str
    owner: str
    age: float


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """A lock that is held, and the first statement that has to wait for it."""

    use: Use
    relations: list[str]
    mode: Lock

    def __str__(self) -> str:
        more = f" and {len(self.relations) - 1} more" if self.relations[1:] else ""
        return (
            f"holds {self.mode} on {self.relations[0]}{more},"
            f" which {self.use.touch.statement} has to wait for"
        )


def session_advice(
    database: Database,
    role: MigrationRole,
    effects: Sequence[RelationEffect],
    uses: Sequence[Use],
    older_than: float,
) -> list[Advice]:
    """A note or warning for each session that the pending files may have to wait for."""
    conflicts = _Conflicts(effects, uses, older_than)
    if conflicts.wanted:
        for lock in database.ask("locks", _Held, _LOCKS, {"oids": sorted(conflicts.wanted)}):
            conflicts.held[lock.pid or lock.holder].append(lock)
    sessions = database.ask("other sessions", _OtherSession, _SESSIONS)
    prepared = database.ask("prepared transactions", _Prepared, _PREPARED)
    advice = [*filter(None, map(conflicts.on_session, sessions))]
    advice += filter(None, map(conflicts.on_prepared, prepared))
    advice.sort(key=lambda item: item.severity == "note")
    if len(advice) > _MOST:
        more = f"{len(advice) - _MOST} more sessions have had transactions open for long."
        advice[_MOST:] = [note(more)]
    hidden = [session for session in sessions if session.hidden]
    if hidden and conflicts.wanted:
        advice.append(conflicts.on_hidden(hidden, role))
    return advice


class _Conflicts:
    """Compares the locks that the files need with the locks that other sessions hold."""

    def __init__(
        self, effects: Sequence[RelationEffect], uses: Sequence[Use], older_than: float
    ) -> None:
        self._older_than = older_than
        self.held: defaultdict[int | str, list[_Held]] = defaultdict(list)
        self.wanted: defaultdict[int, list[RelationEffect]] = defaultdict(list)
        for effect in effects:
            self.wanted[effect.relation.oid].append(effect)
        concurrent = (use for use in uses if use.touch.statement in _WAITING_FOR_SNAPSHOTS)
        self._concurrent = next(concurrent, None)

    def on_session(self, session: _OtherSession) -> Advice | None:
        """The advice on a session; None if it is harmless."""
        obstacle = self._obstacle(session.pid)
        if session.upkeep or session.automatic:
            return _on_upkeep(session, obstacle)
        dump = session.application == "pg_dump" and session.age is not None
        idle = session.state.startswith("idle in transaction")
        waits = min(self._older_than, IDLE)
        stays = dump or (idle and session.unchanged is not None and session.unchanged >= waits)
        old = session.age is not None and session.age >= self._older_than
        waited_for = obstacle or dump or (self._concurrent and session.has_snapshot)
        if not old and not (stays and waited_for):
            return None
        who = f"{'pg_dump' if dump else 'A session'} ({session})"
        does = "is idle in" if idle else "is in"
        what = f"{who} {does} a transaction that was begun {lasting(session.age or 0)} ago"
        hint = "It has to end first." if dump else _end(session)
        doing = f"; {'its last' if idle else 'its'} query: {head(session.query)}"
        return self._advise(what, doing, hint, obstacle, session.has_snapshot)

    def on_prepared(self, prepared: _Prepared) -> Advice | None:
        """The advice on a prepared transaction; None if it is harmless."""
        obstacle = self._obstacle(prepared.holder)
        # It stays until somebody ends it.
        if prepared.age < (min(self._older_than, IDLE) if obstacle else self._older_than):
            return None
        gid = prepared.gid
        what = f"The transaction {gid} of {prepared.owner} was prepared {lasting(prepared.age)} ago"
        hint = f"COMMIT PREPARED {gid}; or ROLLBACK PREPARED {gid};"
        return self._advise(what, "", hint, obstacle, False)

    def on_hidden(self, hidden: Sequence[_OtherSession], role: MigrationRole) -> Advice:
        """One note on all sessions whose activity the role may not see."""
        pids = [str(session.pid) for session in hidden if self._obstacle(session.pid)]
        holding = f"; locks in the way are held by pid {', '.join(pids)}" if pids else ""
        return note(
            f"{role.name} may not see what other roles do in this database, and for how long"
            f" (sessions: {len(hidden)}{holding}).",
            hint=f"GRANT pg_read_all_stats TO {role.name};",
        )

    def _advise(
        self, what: str, doing: str, hint: str, obstacle: _Obstacle | None, has_snapshot: bool
    ) -> Advice:
        if obstacle:
            use = obstacle.use
            return warning(
                f"{what} and {obstacle}{doing}.",
                hint=hint,
                file=use.file,
                line=use.line,
                query=doing,
            )
        if self._concurrent and has_snapshot:
            use = self._concurrent
            return warning(
                f"{what}, which {use.touch.statement} has to wait for{doing}.",
                hint=hint,
                file=use.file,
                line=use.line,
                query=doing,
            )
        return note(f"{what}{doing}.", query=doing)

    def _obstacle(self, holder: int | str) -> _Obstacle | None:
        first: tuple[Use, Lock] | None = None
        names: dict[str, None] = {}
        for lock in self.held.get(holder, ()):
            mode = BY_SERVER_NAME.get(lock.mode)
            for effect in self.wanted.get(lock.relation, ()):
                if mode and effect.waits_for(mode):
                    first = first or (effect.use, mode)
                    names[effect.relation.name] = None
        return _Obstacle(first[0], list(names), first[1]) if first else None


_WAITING_FOR_SNAPSHOTS = ("CREATE INDEX CONCURRENTLY", "REINDEX CONCURRENTLY")


def _on_upkeep(session: _OtherSession, obstacle: _Obstacle | None) -> Advice | None:
    """A VACUUM or ANALYZE, by somebody or by the server itself."""
    if obstacle is None:
        return None
    use = obstacle.use
    if session.automatic and _WRAPAROUND not in session.query:
        unless = ", unless it is to prevent wraparound" if session.hidden else ""
        return note(
            f"Autovacuum ({session}) {obstacle}: it gives way after a moment{unless}.",
            file=use.file,
            line=use.line,
        )
    if session.automatic:
        what = f"An autovacuum to prevent wraparound ({session}), which does not give way,"
        hint = "Let it finish: ended, it only begins again."
    else:
        what, hint = f"{session.upkeep} ({session})", _end(session)
    return warning(f"{what} {obstacle}.", hint=hint, file=use.file, line=use.line)


_WRAPAROUND = "(to prevent wraparound)"


def _end(session: _OtherSession) -> str:
    return f"Let it end, or end it: SELECT pg_terminate_backend({session.pid});"


def head(query: str) -> str:
    """The beginning of a query on one line, which ends where it comes to a password."""
    line = redact_query(" ".join(query.split()))
    return line if len(line) <= _HEAD else line[: _HEAD - 3] + "..."


_HEAD = 80
