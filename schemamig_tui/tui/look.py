"""One look at the folder and the ledger, from which everything on the screen is made."""

from dataclasses import dataclass

import psycopg

from schemamig_tui.connect import OnWait, Target, resolve
from schemamig_tui.engine.ledger.status import Status, compare
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.script.files import naming_warnings, scan
from schemamig_tui.errors import ConnectionFailed, ConnectionLost
from schemamig_tui.settings import Settings


@dataclass(frozen=True, slots=True)
class Server:
    """The database that was looked at. ``standard_strings`` is standard_conforming_strings."""

    database: str
    user: str
    version: str
    standard_strings: bool


@dataclass(frozen=True, slots=True)
class Look:
    """Where every migration stood, in which database, and what is odd about the names."""

    status: Status
    server: Server
    warnings: tuple[str, ...] = ()


def look(target: Target, settings: Settings, on_wait: OnWait | None = None) -> Look:
    """Read the folder and the ledger; takes as long as connecting does.

    Raises FilesError, SettingsError, LedgerError and ConnectionFailed.
    """
    ledger = Ledger(settings.table)
    files = scan(settings.directory)
    try:
        with target.connect(on_wait) as conn:
            rows = ledger.read(conn)
            parameter = conn.pgconn.parameter_status
            server = Server(
                database=conn.info.dbname,
                user=conn.info.user,
                version=(parameter(b"server_version") or b"?").decode().partition(" ")[0],
                standard_strings=parameter(b"standard_conforming_strings") != b"off",
            )
    except psycopg.OperationalError as error:
        reason = str(error).partition("\n")[0]
        raise ConnectionLost(f"The connection was lost: {reason}") from error
    warnings = (*target.warnings, *naming_warnings(files))
    return Look(compare(files, rows), server, warnings)


class Lookout:
    """The way to the database, found anew where it is lost, and what was seen there last."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.target: Target | None = None
        self.seen: Look | None = None

    def look(self, on_wait: OnWait | None = None) -> Look:
        """Look again. Blocks as long as connecting takes, and raises as ``look`` does."""
        if self.target is not None:
            try:
                return look(self.target, self._settings, on_wait)
            except ConnectionFailed:
                # By now it may be elsewhere, or has to be started again.
                self.target.close()
        self.target = None
        self.target = resolve(self._settings)
        return look(self.target, self._settings, on_wait)

    @property
    def route(self) -> str:
        """How the database was found; empty where it was not."""
        return self.target.route if self.target else ""

    @property
    def standard_strings(self) -> bool:
        """What standard_conforming_strings is there, as far as is known."""
        return self.seen.server.standard_strings if self.seen else True

    def close(self) -> None:
        """Let go of the database."""
        if self.target is not None:
            self.target.close()
