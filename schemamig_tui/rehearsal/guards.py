"""The limits that keep a rehearsal from blocking others for too long."""

from dataclasses import dataclass

from psycopg import errors as pg_errors

from schemamig_tui.engine.activity import Victims
from schemamig_tui.engine.wording import victims
from schemamig_tui.units import lasting

# The server ends a rehearsal whose program has been stopped, or cannot be reached any more.
_IDLE = 60.0
# Our clock and the server's differ by the time that an answer takes.
_NEARLY = 0.9


@dataclass(frozen=True)
class Guards:
    """Limits in seconds: of a wait for a ``lock``, and of a ``statement``, where it has one.

    ``version`` is that of the server, such as 150004.
    """

    lock: float
    statement: float | None
    version: int

    @property
    def query(self) -> bytes:
        """Sets the limits for the transaction that is open."""
        settings = {
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": _IDLE,
        }
        if self.statement is not None:
            settings["statement_timeout"] = self.statement
        if self.version >= 170000:
            # In a run it is for each file.
            settings["transaction_timeout"] = 0
        calls = (
            f"pg_catalog.set_config('{name}', '{round(seconds * 1000)}', true)"
            for name, seconds in settings.items()
        )
        return f"SELECT {', '.join(calls)}".encode()

    def hint(
        self, sqlstate: str | None, gave_way: Victims | None = None, seconds: float = 0
    ) -> str | None:
        """The hint for an error that comes from the limits, and would not come in a run.

        ``gave_way`` are those for whom the rehearsal has cancelled a statement itself, ``seconds``
        is how long it took until it failed: the limits of others may be shorter.
        """
        if sqlstate == pg_errors.LockNotAvailable.sqlstate and seconds >= _NEARLY * self.lock:
            return f"A rehearsal waits for a lock for {lasting(self.lock)} (--lock-timeout)."
        if sqlstate == pg_errors.OutOfMemory.sqlstate:
            return "A rehearsal holds the locks of all its files: rehearse fewer at a time (--to)."
        if sqlstate == pg_errors.QueryCanceled.sqlstate:
            if gave_way:
                return f"It was cancelled by itself: {victims(gave_way)} (--max-blocking)."
            if self.statement is not None and seconds >= _NEARLY * self.statement:
                most = lasting(self.statement)
                return f"A rehearsal lets a statement run for {most} (--statement-timeout)."
        return None
