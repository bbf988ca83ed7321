"""Follows the settings of a file's session, through transactions and savepoints.

The rules are the server's (the stack of values in src/backend/utils/misc/guc.c): SET lasts beyond a
COMMIT, SET LOCAL does not, a ROLLBACK takes both back, and ROLLBACK TO takes back what has been set
since the savepoint. It only knows what the statements themselves set; where it matters what code
sets, the server is asked.
"""

from typing import NamedTuple

from schemamig_tui.sql.traits import Assignment, Kind, Traits


class _Values(NamedTuple):
    """The values by name: those ``now`` in force, and those that a COMMIT would leave."""

    now: dict[str, str | None]
    kept: dict[str, str | None]

    def copy(self) -> "_Values":
        return _Values(dict(self.now), dict(self.kept))


# RESET ALL leaves them (GUC_NO_RESET_ALL).
_NOT_RESET = {"role", "session_authorization"}


class SessionModel:
    """The settings at one place of a file, which ``follow`` moves behind the next statement."""

    def __init__(self) -> None:
        self._values = _Values({}, {})
        self._begin: _Values | None = None
        self._savepoints: list[tuple[str | None, _Values]] = []

    def get(self, name: str) -> str | None:
        """The value that has been given to a setting; None is that of a new session."""
        return self._values.now.get(name)

    def follow(self, traits: Traits) -> None:
        """Take over what a statement sets, or takes back."""
        if traits.chained:
            self._end(commit=traits.kind is Kind.CHAIN)
            self._begin = self._values.copy()
        elif traits.kind is Kind.BEGIN:
            self._begin = self._begin or self._values.copy()
        elif traits.kind in (Kind.COMMIT, Kind.ROLLBACK):
            self._end(commit=traits.kind is Kind.COMMIT)
        elif traits.label == "SAVEPOINT":
            self._savepoints.append((traits.savepoint, self._values.copy()))
        elif traits.label in ("RELEASE", "ROLLBACK TO"):
            self._leave(traits)
        elif traits.assigns:
            self._assign(traits.assigns)

    def _assign(self, assigns: Assignment) -> None:
        dicts = [self._values.now] if assigns.local else [self._values.now, self._values.kept]
        for values in dicts:
            if assigns.name is None:
                for name in values.keys() - _NOT_RESET:
                    del values[name]
            elif assigns.value is None:
                values.pop(assigns.name, None)
            else:
                values[assigns.name] = assigns.value

    def _end(self, *, commit: bool) -> None:
        if self._begin and not commit:
            self._values = self._begin
        else:
            self._values = _Values(dict(self._values.kept), self._values.kept)
        self._begin = None
        self._savepoints.clear()

    def _leave(self, traits: Traits) -> None:
        names = [name for name, _ in self._savepoints]
        if traits.savepoint not in names:
            return
        at = len(names) - 1 - names[::-1].index(traits.savepoint)
        if traits.label == "ROLLBACK TO":
            self._values = self._savepoints[at][1].copy()
            at += 1
        del self._savepoints[at:]
