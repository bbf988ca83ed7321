"""The stored functions that can do something to the session of a file, by their names.

``engine.run.stored_code`` asks the server for them.
"""

from dataclasses import dataclass

from schemamig_tui.engine.script.script import Kind, Script
from schemamig_tui.sql.new_session import any_word
from schemamig_tui.sql.session_effects import Effect, effect
from schemamig_tui.sql.traits import Traits
from schemamig_tui.text import visible


@dataclass(frozen=True)
class StoredFunctions:
    """The names of stored functions, by what they can do to a session.

    ``leaving`` ones leave in the session, or notice there, what only a new session is free of: a
    file that mentions one counts as having that code itself. Only checkpoints need the others.
    ``changing`` functions may change the session in any way; ``hiding`` ones may change it so that
    it looks otherwise behind the COMMIT than before; ``storing`` ones may store code by which other
    statements change it from then on. ``remembering`` ones ask for the last value of a sequence,
    ``locking`` ones take advisory locks, ``unlocking`` ones give them back. ``fired`` are those
    that a trigger or the like calls, ``on_events`` those that an event trigger may call. Views of
    pg_settings, and tables with rules that change it, count as functions here, because an UPDATE of
    one is a SET. ``sets``: an expression of a table, view or policy, or a default of a domain or an
    argument, sets something itself.
    """

    leaving: frozenset[str] = frozenset()
    changing: frozenset[str] = frozenset()
    hiding: frozenset[str] = frozenset()
    storing: frozenset[str] = frozenset()
    remembering: frozenset[str] = frozenset()
    locking: frozenset[str] = frozenset()
    unlocking: frozenset[str] = frozenset()
    fired: frozenset[str] = frozenset()
    on_events: frozenset[str] = frozenset()
    sets: bool = False

    def called(self, names: frozenset[str], sql: bytes) -> str | None:
        """Which of the functions ``names`` a statement may call, in words; None: none."""
        if found := self.run_by(names, sql):
            return found
        return "set_config, in a default, a view or the like," if self.sets else None

    def called_by(
        self, names: frozenset[str], sql: bytes, traits: Traits, *, event_triggers: bool
    ) -> str | None:
        """As ``called``, where the statement runs code, or is DDL and event triggers run."""
        found = effect(sql, traits)
        if found >= Effect.RUNS:
            return self.called(names, sql)
        fires = event_triggers and found is Effect.NONE
        if fires and traits.kind in (Kind.ORDINARY, Kind.ALONE):
            return _either(names & self.on_events)
        return None

    def run_by(self, names: frozenset[str], sql: bytes) -> str | None:
        """As ``called``, without what expressions of tables and the like set themselves."""
        if found := mentioned(names, sql):
            return found
        return _either(names & self.fired)

    def mentioned_in(self, script: Script) -> bool:
        """Whether a file mentions one of the ``leaving`` functions."""
        return bool(self.leaving) and script.matches(any_word(self.leaving))


def mentioned(names: frozenset[str], sql: bytes) -> str | None:
    """Which of some functions a statement mentions, in words; None: none."""
    name = name_in(names, sql)
    return f"the function {name}" if name else None


def name_in(names: frozenset[str], sql: bytes) -> str | None:
    """Which of some names occurs in a statement, safe to show; None: none."""
    found = any_word(names).search(sql) if names else None
    return visible(found[0].decode(errors="replace")) if found else None


def _either(names: frozenset[str]) -> str | None:
    return f"the function {visible(min(names))}" if names else None
