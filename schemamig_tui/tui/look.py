"""One look at the folder and the ledger, from which everything on the screen is made."""

from dataclasses import dataclass

import psycopg

from schemamig_tui.connect import OnWait, Target
from schemamig_tui.engine.files import naming_warnings, scan
from schemamig_tui.engine.ledger import Ledger
from schemamig_tui.engine.status import Status, compare
from schemamig_tui.errors import ConnectionLost
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


def look(target: Target, settings: Settings, on_wait: OnWait) -> Look:
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
    return Look(compare(files, rows), server, naming_warnings(files))
