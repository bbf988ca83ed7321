"""``--new`` and ``--new-rollback``: write migrations."""

from datetime import date

from schemamig_tui.authoring.naming import PrefixStyle
from schemamig_tui.authoring.new import TEMPLATE, read_template, write_new
from schemamig_tui.errors import ExitCode
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings


def new(settings: Settings, reporter: Reporter, title: str) -> ExitCode:
    """Write a new migration with this title."""
    template = read_template(settings.template) if settings.template else TEMPLATE
    style = _style(settings)
    written = write_new(settings.directory, title, date.today(), style=style, template=template)
    if written.warning:
        reporter.warning(written.warning)
    reporter.created(written.path)
    return ExitCode.DONE


def new_rollback(settings: Settings, reporter: Reporter, stop: Stop, name: str) -> ExitCode:
    """Write the reversal of the migration ``name``, and try it on the database."""
    from schemamig_tui.authoring.reversal.rollback import RollbackLimits, write_rollback
    from schemamig_tui.engine.pipeline.cancellation import Cancellation
    from schemamig_tui.survey import looking

    cancellation = Cancellation()
    limits = RollbackLimits(statement=settings.rehearsal_statement_timeout)
    if settings.lock_timeout is not None:
        limits = RollbackLimits(settings.lock_timeout, limits.statement)
    with (
        connecting(settings, reporter, stop) as (target, on_wait),
        looking(target, settings, on_wait) as (conn, survey),
        stop.cancelling(cancellation.request),
    ):
        rollback = write_rollback(
            conn,
            survey,
            name,
            date.today(),
            style=_style(settings),
            limits=limits,
            cancellation=cancellation,
        )
    if rollback.warning:
        reporter.warning(rollback.warning)
    reporter.drafted(rollback)
    return ExitCode.DONE


def _style(settings: Settings) -> PrefixStyle | None:
    return PrefixStyle(settings.date_style) if settings.date_style else None
