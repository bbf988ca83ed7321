"""What was seen of the sessions of the server at one moment: plain values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """Another session at one moment, as pg_stat_activity shows it.

    ``pid`` is 0 for a prepared transaction, whose name is its ``application``. Times are seconds;
    None where there is no transaction, or no wait. ``query`` is what it runs, or ran last (its
    first 1,000 characters, up to a password); that of other roles is seen by those that may.
    ``started`` is when it connected, in seconds since 1970: a later session may have its pid.
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
    """What a session waits for, and who has it.

    ``lock`` is a mode as pg_locks names it (``AccessExclusiveLock``); ``on`` is what it is for,
    such as ``table public.users`` or ``transaction 4711``; ``seconds`` is how long it has waited,
    0.0 where it was asked behind that.
    ``by`` holds those directly in the way, with a ``waiting_s`` where they wait themselves; after
    them come those at the root of their waits, who wait for nobody. At most 40 in all.
    """

    lock: str
    on: str
    seconds: float
    by: tuple[Activity, ...]


@dataclass(frozen=True, slots=True)
class Victims:
    """The sessions that wait behind ours: the longest waits first, at most 20 of ``count``.

    ``waiting_s`` and ``longest_s`` are for how long they have waited behind us: one that waits
    behind another, which waits behind us, does so for as long as both wait.
    """

    count: int
    longest_s: float
    sessions: tuple[Activity, ...]


@dataclass(frozen=True, slots=True)
class ServerProgress:
    """How far the server is with a long command, as a pg_stat_progress view says it.

    ``done`` and ``total`` count ``unit`` (blocks, tuples, bytes, lockers ...) of this ``phase``;
    ``total`` is None where the server does not know it. ``waits_for`` are those that CREATE INDEX
    CONCURRENTLY waits for.
    """

    command: str
    relation: str
    phase: str
    done: int
    total: int | None
    unit: str
    waits_for: tuple[Activity, ...] = ()
