"""One look at the folder and the database, and what people see of a plan before they approve it.

Both faces use it: headless for ``--list``, ``--check`` and ``--dry-run``, the UI for everything on
the screen. A run looks again under its locks, and refuses what is not as it was planned.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from schemamig_tui.connect import OnWait, Target
from schemamig_tui.engine import Folder, Ledger, Survey
from schemamig_tui.engine.pipeline.loss import losses_as_errors
from schemamig_tui.engine.run.survey import survey
from schemamig_tui.errors import SchemamigError
from schemamig_tui.settings import Settings

if TYPE_CHECKING:  # it reads SQL, which a look at the ledger can do without
    from schemamig_tui.advice.preflight import Advice
    from schemamig_tui.engine import Plan


@dataclass(frozen=True, eq=False)
class Review:
    """A plan with all that should be known before it is approved.

    ``refusals`` are what an apply would end with before it has run anything, ``advice`` is what was
    found in the database.
    """

    plan: "Plan"
    refusals: "tuple[SchemamigError, ...]"
    advice: "tuple[Advice, ...]"


@contextlib.contextmanager
def looking(
    target: Target,
    settings: Settings,
    on_wait: OnWait | None = None,
    before: Survey | None = None,
) -> Iterator[tuple[psycopg.Connection[Any], Survey]]:
    """Read the folder, and on a new connection the ledger; that connection is open meanwhile.

    ``before`` is an earlier look: what has not changed since is not read again. Raises FilesError,
    SettingsError, LedgerError, LockTimeout and ConnectionFailed.
    """
    ledger = Ledger(settings.table)
    folder = Folder.read(settings.directory, before.folder if before else None)
    with losses_as_errors(), contextlib.closing(target.connect(on_wait)) as conn:
        yield conn, survey(conn, folder, ledger, before)


def look(
    target: Target,
    settings: Settings,
    on_wait: OnWait | None = None,
    before: Survey | None = None,
) -> Survey:
    """Read folder and ledger once. Blocks as long as that takes; raises as ``looking``."""
    with looking(target, settings, on_wait, before) as (_, found):
        return found


def review(plan: "Plan", target: Target, conn: psycopg.Connection[Any]) -> Review:
    """Find out what an apply of ``plan`` would be refused for, and what the database advises.

    ``conn`` is a connection to ``target`` in autocommit mode, as good as new. Raises
    ConnectionFailed when it is lost.
    """
    from schemamig_tui.advice.preflight import preflight
    from schemamig_tui.engine.run.trial import refusals_of

    with losses_as_errors():
        # First, as it leaves the session as it is.
        advice = preflight(conn, plan.scripts())
        return Review(plan, refusals_of(plan, target.connect, conn), advice)
