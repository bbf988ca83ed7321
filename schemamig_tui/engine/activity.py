"""The sessions of the server at one moment, and what they wait for: plain values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """Another session at one moment, as pg_stat_activity shows it.

    ``pid`` is 0 for a prepared transaction, whose name is its ``application``. Times are seconds;
    None where there is no transaction, or no wait. ``query`` is what the session runs, or ran last
    (its first 1,000 characters, up to a password); only a role that may see it gets the query of
    another role. ``started`` is when the session connected, in seconds since 1970: it tells the
    session from a later one with the same pid.
    """

    pid: int
    user: str
    application: str
    client: str
    state: str
    transaction_s: float | None
    waiting_s: float | None
    query: str
    started: float | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """The lock that a session waits for, and the sessions that hold it.

    ``lock`` is a mode as pg_locks names it (``AccessExclusiveLock``); ``on`` is what it locks, such
    as ``table public.users`` or ``transaction 4711``; ``seconds`` is how long the session has
    waited, 0.0 where this was asked only after the wait. ``by`` holds the sessions directly in the
    way, with a ``waiting_s`` where these wait themselves; after them come the sessions at the root
    of those waits, which wait for nobody. At most 40 in all.
    """

    lock: str
    on: str
    seconds: float
    by: tuple[Activity, ...]


@dataclass(frozen=True, slots=True)
class Victims:
    """The sessions that wait behind ours: the longest waits first, at most 20 of ``count``.

    ``waiting_s`` and ``longest_s`` are how long they have waited behind us. A session that waits
    behind another victim counts from the moment when both waited.
    """

    count: int
    longest_s: float
    sessions: tuple[Activity, ...]


@dataclass(frozen=True, slots=True)
class ServerProgress:
    """How far the server is with a long command, as a pg_stat_progress view says it.

    ``done`` and ``total`` count ``unit`` (blocks, tuples, bytes, lockers ...) of this ``phase``;
    ``total`` is None where the server does not know it. ``waits_for`` are the sessions that CREATE
    INDEX CONCURRENTLY waits for.
    """

    command: str
    relation: str
    phase: str
    done: int
    total: int | None
    unit: str
    waits_for: tuple[Activity, ...] = ()
