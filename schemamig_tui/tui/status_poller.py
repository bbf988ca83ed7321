"""Reads the folder and the ledger, from which everything on the screen is made."""

from dataclasses import dataclass, replace

import psycopg

from schemamig_tui.connect import Identity, OnWait, Target, resolve
from schemamig_tui.engine import Ledger, Status, compare, scan
from schemamig_tui.engine.ledger.warnings import drift_warnings, folder_warnings
from schemamig_tui.engine.pipeline.loss import loss_message
from schemamig_tui.engine.script.files import passed_over
from schemamig_tui.errors import ConnectionFailed, ConnectionLost
from schemamig_tui.settings import Settings


@dataclass(frozen=True, slots=True)
class Server:
    """The database that was read. ``standard_strings`` is its standard_conforming_strings."""

    database: str
    user: str
    version: str
    standard_strings: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """The status of every migration, the database it is from, and what is odd about them."""

    status: Status
    server: Server
    warnings: tuple[str, ...] = ()


def survey(target: Target, settings: Settings, on_wait: OnWait | None = None) -> Survey:
    """Read the folder and the ledger. Blocks as long as connecting takes.

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
        raise ConnectionLost(loss_message(error)) from error
    status = compare(files, rows)
    warnings = (
        *target.warnings,
        *folder_warnings(status, passed_over(settings.directory)),
        *drift_warnings(status),
    )
    return Survey(status, server, warnings)


class StatusPoller:
    """Surveys folder and ledger whenever asked, and finds the database anew after a loss.

    ``latest`` is the last survey that the UI has taken over, ``database`` which one the last survey
    was of; None before the first.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.target: Target | None = None
        self.latest: Survey | None = None
        self.database: Identity | None = None
        self._warned: set[str] = set()

    def poll(self, on_wait: OnWait | None = None) -> Survey:
        """Make a new survey, with the warnings that none before had.

        Blocks as long as connecting takes; raises as ``survey`` does.
        """
        found = self._survey(on_wait)
        self.database = self.target.identity if self.target else None
        warnings = tuple(text for text in found.warnings if text not in self._warned)
        self._warned.update(warnings)
        return replace(found, warnings=warnings)

    def _survey(self, on_wait: OnWait | None) -> Survey:
        if self.target is not None:
            try:
                return survey(self.target, self._settings, on_wait)
            except ConnectionFailed:
                # By now it may be elsewhere, or has to be started again.
                self.target.close()
        self.target = None
        self.target = resolve(self._settings)
        return survey(self.target, self._settings, on_wait)

    @property
    def route(self) -> str:
        """How the database was found; empty when it was not."""
        return self.target.route if self.target else ""

    @property
    def standard_strings(self) -> bool:
        """The standard_conforming_strings of the last survey; its default before the first."""
        return self.latest.server.standard_strings if self.latest else True

    def close(self) -> None:
        """Close the target."""
        if self.target is not None:
            self.target.close()
