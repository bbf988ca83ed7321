"""Reads the folder and the ledger, from which everything on the screen is made."""

from schemamig_tui.connect import Identity, OnWait, Target, resolve
from schemamig_tui.engine import Survey
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.settings import Settings
from schemamig_tui.survey import look


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
        """Make a new survey. Blocks as long as connecting takes; raises as ``look`` does."""
        found = self._survey(on_wait)
        self.database = self.target.identity if self.target else None
        return found

    def _survey(self, on_wait: OnWait | None) -> Survey:
        if self.target is not None:
            try:
                return look(self.target, self._settings, on_wait, self.latest)
            except ConnectionFailed:
                # By now it may be elsewhere, or has to be started again.
                self.target.close()
        self.target = None
        self.target = resolve(self._settings)
        return look(self.target, self._settings, on_wait, self.latest)

    def news(self, survey: Survey) -> list[str]:
        """The warnings of the database and of ``survey`` that none before had."""
        of_target = self.target.warnings if self.target else ()
        found = (*of_target, *survey.warnings(), *survey.drift)
        warnings = [text for text in found if text not in self._warned]
        self._warned.update(warnings)
        return warnings

    @property
    def route(self) -> str:
        """How the database was found; empty when it was not."""
        return self.target.route if self.target else ""

    @property
    def standard_strings(self) -> bool:
        """The standard_conforming_strings of the last survey; its default before the first."""
        return self.latest.standard_strings if self.latest else True

    def close(self) -> None:
        """Close the target."""
        if self.target is not None:
            self.target.close()
