"""What keeps a rehearsal from standing in the way of others for too long."""

from dataclasses import dataclass, replace

from psycopg import errors as pg_errors

from schemamig_tui.engine.events import Failure
from schemamig_tui.engine.wording import lasting
from schemamig_tui.text import visible

# The server ends a rehearsal whose program has been stopped, or cannot be reached any more.
_IDLE = 60.0


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

    def advise(self, failure: Failure, needs: str | None) -> Failure:
        """The failure with a hint where the rehearsal itself may be why; ``needs`` is a file."""
        hint = self._hint(failure.sqlstate)
        if needs:
            hint = f"{visible(needs)} was left out of the rehearsal, and most likely makes it: the"
            hint += " rehearsal cannot go on behind it."
        return replace(failure, hint="\n".join(filter(None, (failure.hint, hint))) or None)

    def _hint(self, sqlstate: str | None) -> str | None:
        if sqlstate == pg_errors.LockNotAvailable.sqlstate:
            return f"A rehearsal waits for a lock for {lasting(self.lock)} (--lock-timeout)."
        if sqlstate == pg_errors.OutOfMemory.sqlstate:
            return "A rehearsal holds the locks of all its files: rehearse fewer at a time (--to)."
        return None
