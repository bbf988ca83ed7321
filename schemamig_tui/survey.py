"""Surveys the folder and the database, and reviews a plan before people approve it.

The commands use it for ``--list``, ``--check`` and ``--dry-run``, the UI for everything on the
screen. A run surveys again under its locks, and refuses a plan that does not hold any more.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import psycopg

from schemamig_tui.connect import OnWait, Target
from schemamig_tui.engine import Folder, Ledger, Survey
from schemamig_tui.engine.pipeline.loss import losses_as_errors
from schemamig_tui.engine.run.survey import survey
from schemamig_tui.errors import PoolingRefused, SchemamigError
from schemamig_tui.settings import Settings

if TYPE_CHECKING:  # it reads SQL, which a look at the ledger can do without
    from schemamig_tui.advice.advice import Advice
    from schemamig_tui.engine import Plan

_POOLED = "that takes a session of its own"


@dataclass(frozen=True, eq=False)
class Review:
    """What should be known of a plan before it is approved.

    ``refusals`` are the errors with which an apply would end before it runs anything, ``advice`` is
    what was found in the database, and ``unknown`` says why the database could not be asked.
    """

    plan: "Plan"
    refusals: "tuple[SchemamigError, ...]"
    advice: "tuple[Advice, ...]" = ()
    unknown: str | None = None


@contextlib.contextmanager
def looking(
    target: Target, settings: Settings, on_wait: OnWait | None = None
) -> Iterator[tuple[psycopg.Connection[Any], Survey]]:
    """Read the folder, and the ledger on a new connection, which is open in the ``with`` block.

    Raises FilesError, SettingsError, LedgerError, LockTimeout and ConnectionFailed.
    """
    ledger = Ledger(settings.table)
    folder = Folder.read(settings.directory)
    with losses_as_errors(), contextlib.closing(target.connect(on_wait)) as conn:
        yield conn, survey(conn, folder, ledger)


def look(target: Target, settings: Settings, on_wait: OnWait | None = None) -> Survey:
    """Read folder and ledger once. Blocks as long as that takes; raises as ``looking``."""
    with looking(target, settings, on_wait) as (_, found):
        return found


@dataclass(frozen=True)
class Look:
    """A survey with the stamp of its ledger, which shows whether that has changed since."""

    survey: Survey
    stamp: tuple[int, int] | None


def look_again(
    target: Target, settings: Settings, before: Look | None, on_wait: OnWait | None = None
) -> Look:
    """Survey the folder and the ledger again; quick where both are as they were ``before``.

    If so, the status is the same object. Blocks, but not for ever; raises as ``looking``.
    """
    ledger = Ledger(settings.table)
    folder = Folder.read(settings.directory, before.survey.folder if before else None)
    with losses_as_errors(), contextlib.closing(target.connect(on_wait)) as conn:
        # Asked first: what is written between the two is seen by the next look.
        stamp = _stamp(conn, ledger)
        if before and stamp and (stamp, folder) == (before.stamp, before.survey.folder):
            return Look(replace(before.survey, folder=folder), stamp)
        return Look(survey(conn, folder, ledger, before.survey if before else None), stamp)


def _stamp(conn: psycopg.Connection[Any], ledger: Ledger) -> tuple[int, int] | None:
    try:
        return ledger.stamp(conn)
    except psycopg.OperationalError:
        raise
    except psycopg.Error:  # the survey says what is wrong with it
        return None


def review(
    plan: "Plan", target: Target, conn: psycopg.Connection[Any], advice_timeout: float | None
) -> Review:
    """Find what would refuse an apply of ``plan``, and the advice of the database.

    ``conn`` is a connection to ``target`` in autocommit mode, as good as new; ``advice_timeout`` is
    how long one question may take, in seconds. Raises ConnectionFailed when it is lost.
    """
    from schemamig_tui.advice.advise import advise
    from schemamig_tui.engine.run.trial import refusals_of

    with losses_as_errors():
        # First, as a pooler may end the connection at the first transaction on it.
        refusals = refusals_of(plan, target.connect, conn)
        if any(isinstance(error, PoolingRefused) for error in refusals):
            return Review(plan, refusals, unknown=_POOLED)
        advice = advise(conn, plan.scripts(), timeout=advice_timeout)
        return Review(plan, refusals, (*_run_on(plan, conn), *advice))


def _run_on(plan: "Plan", conn: psycopg.Connection[Any]) -> "Iterator[Advice]":
    """A warning where a run is under way, which in the UI may also be its own."""
    from schemamig_tui.advice.advice import warning
    from schemamig_tui.engine import wording
    from schemamig_tui.engine.watch.run_lock import Locks

    holder = Locks.of(plan.survey.ledger.name).run.holder(conn)
    if holder is not None and plan.migrations:
        yield warning(f"A run is on, and the next one waits for its end: {wording.holder(holder)}.")
