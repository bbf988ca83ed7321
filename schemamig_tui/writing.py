"""Writes migrations as the settings want them: for the UI and the headless commands."""

from datetime import date
from typing import TYPE_CHECKING

from schemamig_tui.authoring.naming import PrefixStyle
from schemamig_tui.authoring.new import TEMPLATE, NewFile, read_template, write_new
from schemamig_tui.connect import OnWait, Target
from schemamig_tui.settings import Settings

if TYPE_CHECKING:  # a new file needs no database
    from schemamig_tui.authoring.reversal.rollback import Rollback
    from schemamig_tui.engine.pipeline.cancellation import Cancellation


def new_migration(settings: Settings, title: str) -> NewFile:
    """Write a new migration with this title. Raises SettingsError and FilesError."""
    template = TEMPLATE
    if settings.template:
        template = read_template(settings.template, settings.origins["template"])
    style = _style(settings)
    return write_new(settings.directory, title, date.today(), style=style, template=template)


def new_rollback(
    settings: Settings,
    target: Target,
    name: str,
    on_wait: OnWait | None = None,
    cancellation: "Cancellation | None" = None,
) -> "Rollback":
    """Write the reversal of the migration ``name``, and try it on the database.

    Blocks as long as that takes; raises as ``write_rollback`` and ``survey.looking``.
    """
    from schemamig_tui.authoring.reversal.rollback import RollbackLimits, write_rollback
    from schemamig_tui.survey import looking

    limits = RollbackLimits(settings.rehearsal_lock_timeout, settings.rehearsal_statement_timeout)
    with looking(target, settings, on_wait) as (conn, survey):
        return write_rollback(
            conn,
            survey,
            name,
            date.today(),
            style=_style(settings),
            limits=limits,
            cancellation=cancellation,
        )


def _style(settings: Settings) -> PrefixStyle | None:
    return PrefixStyle(settings.date_style) if settings.date_style else None
