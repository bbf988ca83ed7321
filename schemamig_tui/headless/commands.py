"""The commands without a UI, each of them from the settings to an exit code.

``--list`` and ``--check`` read no SQL, so what does is imported by those that need it.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg

from schemamig_tui.connect import resolve
from schemamig_tui.engine.events import Event, Failure, FileFailed, RunFinished
from schemamig_tui.engine.files import naming_warnings, scan
from schemamig_tui.engine.ledger import Ledger
from schemamig_tui.engine.status import Status, compare
from schemamig_tui.errors import ConnectionLost, ExitCode, FilesError, Interrupted, SchemamigError
from schemamig_tui.headless.output import Output
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings, load
from schemamig_tui.text import visible

# Sent by a server that is going away (appendix A of the manual: class 57, operator intervention).
_SHUTDOWNS = ("57P01", "57P02", "57P03")
_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Command:
    """What to do; the settings say with which folder and which database."""

    mode: Literal["list", "dry-run", "rehearse", "apply", "check"]
    to: str | None = None
    sql: bool = False
    json: bool = False
    resume: bool = True


def run(command: Command, flags: Mapping[str, Any], stop: Stop) -> ExitCode:
    """Carry out ``command`` and report it on stdout and stderr. ``flags`` are those of ``load``."""
    out, err = Output(sys.stdout), Output(sys.stderr)
    reporter = _reporter(command, out, err)
    try:
        settings = load(flags, os.environ)
        if settings.color:
            out.use_color()
            err.use_color()
        code = _carry_out(command, settings, reporter, stop)
    except SchemamigError as error:
        reporter.error(error)
        code = error.exit_code
    if out.lost:
        err.write(f"error: stdout could not be written: {out.lost}")
        code = code or ExitCode.USAGE
    return code


def _reporter(command: Command, out: Output, err: Output) -> Reporter:
    if command.json:
        from schemamig_tui.headless.json_lines import JsonLines

        return JsonLines(out)
    from schemamig_tui.headless.text_report import TextReport

    return TextReport(out, err)


def _carry_out(command: Command, settings: Settings, reporter: Reporter, stop: Stop) -> ExitCode:
    _require_migrations(settings.directory)
    if command.mode == "apply":
        return _apply(command, settings, reporter, stop)
    status, standard_strings = _look(settings, reporter)
    for warning in naming_warnings(m.file for m in status.migrations if m.file):
        reporter.warning(warning)
    if command.mode == "dry-run":
        return _dry_run(command, status, reporter, standard_strings)
    if command.mode == "check":
        reporter.checked(status)
        troubles = (status.pending, status.failed, status.changed, status.missing)
        return ExitCode.CHECK_FAILED if any(troubles) else ExitCode.DONE
    reporter.listed(status)
    return ExitCode.DONE


def _require_migrations(directory: Path) -> None:
    # An empty folder most likely is the wrong one, or one that was not copied into an image.
    try:
        names = [path.name for path in directory.iterdir()]
    except OSError:
        return  # scan says what is wrong with it
    if not any(name.endswith(".sql") and not name.startswith(".") for name in names):
        raise FilesError(
            "There is no migration (*.sql) in this folder.",
            path=directory,
            hint="Name another one with --dir, or add a migration.",
        )


def _look(settings: Settings, reporter: Reporter) -> tuple[Status, bool]:
    """Where every migration stands, and whether strings are standard-conforming."""
    ledger = Ledger(settings.table)
    files = scan(settings.directory)
    with resolve(settings) as target:
        reporter.connecting(target.route, target.tried)
        try:
            with target.connect(reporter.waiting) as conn:
                rows = ledger.read(conn)
                standard = conn.pgconn.parameter_status(b"standard_conforming_strings")
        except psycopg.OperationalError as error:
            reason = visible(str(error).partition("\n")[0])
            raise ConnectionLost(f"the connection was lost: {reason}") from error
    return compare(files, rows), standard != b"off"


def _dry_run(
    command: Command, status: Status, reporter: Reporter, standard_strings: bool
) -> ExitCode:
    from schemamig_tui.engine.script import parse

    migrations = status.to_run(command.to)
    reporter.plan_started(status, command.to, len(migrations))
    refused = 0
    for migration in migrations:
        assert migration.file is not None  # see to_run
        try:
            script = parse(migration.file, standard_conforming_strings=standard_strings)
        except FilesError as error:
            reporter.error(error)
            refused += 1
        else:
            reporter.planned(migration, script, with_sql=command.sql)
            script.release()
    reporter.plan_ended(len(migrations) - refused, refused)
    return ExitCode.USAGE if refused else ExitCode.DONE


def _apply(command: Command, settings: Settings, reporter: Reporter, stop: Stop) -> ExitCode:
    from schemamig_tui.engine.runner import Runner

    report = reporter.run(settings.directory, command.to)
    failures: list[Failure] = []

    def listen(event: Event) -> None:
        if isinstance(event, FileFailed):
            failures.append(event.failure)
        report(event)

    def waiting(seconds_left: float, reason: str) -> None:
        if stop.requested:
            raise Interrupted("interrupted while waiting for the server")
        reporter.waiting(seconds_left, reason)

    with resolve(settings) as target:
        reporter.connecting(target.route, target.tried)
        runner = Runner(
            lambda: target.connect(waiting),
            settings.directory,
            settings.table,
            listen,
            limits=settings.limits,
        )
        with stop.cancelling(runner.cancel):
            finished = runner.apply(command.to, resume=command.resume)
    return _exit_code(finished, failures)


def _exit_code(finished: RunFinished, failures: list[Failure]) -> ExitCode:
    if finished.cancelled:
        return ExitCode.INTERRUPTED
    if finished.failed is None:
        return ExitCode.DONE
    sqlstate = failures[-1].sqlstate or ""
    if sqlstate.startswith("08") or sqlstate in _SHUTDOWNS:
        return ExitCode.NO_CONNECTION
    return ExitCode.LOCKED if sqlstate == _LOCK_NOT_AVAILABLE else ExitCode.MIGRATION_FAILED
