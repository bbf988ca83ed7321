"""``--diff`` and ``--check --against``: compare migrations with versions in git."""

from schemamig_tui.engine import Migration, State
from schemamig_tui.errors import ExitCode, SettingsError
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings
from schemamig_tui.survey import look
from schemamig_tui.text import visible


def diff(settings: Settings, reporter: Reporter, stop: Stop, name: str) -> ExitCode:
    """Show what has changed in an applied migration since."""
    from schemamig_tui.authoring.drift import drift_of

    with connecting(settings, reporter, stop) as (target, on_wait):
        survey = look(target, settings, on_wait)
    migration = _applied(survey.status.migrations, name)
    reporter.drifted(migration, drift_of(migration))
    return ExitCode.DONE


def against(settings: Settings, reporter: Reporter, ref: str) -> ExitCode:
    """Compare the folder with what a branch has. It needs no database."""
    from schemamig_tui.authoring.against import compare_with

    compared = compare_with(settings.directory, ref)
    reporter.compared(compared)
    return ExitCode.CHECK_FAILED if compared.findings else ExitCode.DONE


def _applied(migrations: tuple[Migration, ...], name: str) -> Migration:
    found = next((one for one in migrations if one.name == name), None)
    if found and (found.renamed_to or found.recorded_as):
        old, new = found.recorded_as or name, found.renamed_to or name
        raise SettingsError(
            f"{visible(old)} has been renamed to {visible(new)} since it was recorded, and has not"
            " changed",
            hint=f"--accept-name {visible(new)} records the name that it has now",
        )
    if found and found.missing:
        raise SettingsError(
            f"{visible(name)} is in the ledger, but not in the folder",
            hint="put it back, such as from the history of git, or give the name of another file",
        )
    if found is None or found.state is not State.APPLIED:
        what = "is not applied" if found else "is not in the folder"
        raise SettingsError(
            f"{visible(name)} {what}",
            hint="give the name of a file that is applied; --list shows them",
        )
    return found
