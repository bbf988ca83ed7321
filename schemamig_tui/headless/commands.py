"""Carries out a command without a UI, from its settings to its exit code.

``--list`` and ``--check`` read no SQL, so the modules that do are imported by the other commands.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg

from schemamig_tui.connect import resolve
from schemamig_tui.engine import Ledger, Status, compare, scan
from schemamig_tui.engine.ledger.table import unsettled
from schemamig_tui.engine.ledger.warnings import drift_warnings, folder_warnings
from schemamig_tui.engine.pipeline.loss import ends_session, loss_message
from schemamig_tui.engine.script.files import passed_over
from schemamig_tui.engine.script.names import is_migration, passed_over_warnings
from schemamig_tui.errors import ConnectionLost, ExitCode, FilesError, LedgerError, SchemamigError
from schemamig_tui.headless.output import Output
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings, load
from schemamig_tui.text import one_line


@dataclass(frozen=True, slots=True)
class Command:
    """The command and its own options; folder and database are in the settings."""

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
        from schemamig_tui.headless.running import apply

        return apply(settings, reporter, stop, to=command.to, resume=command.resume)
    if command.mode == "rehearse":
        from schemamig_tui.headless.running import rehearse

        return rehearse(settings, reporter, stop, to=command.to)
    with _surveyed(settings, reporter) as (conn, status):
        for warning in folder_warnings(status, passed_over(settings.directory), command.to):
            reporter.warning(warning)
        if command.mode == "dry-run":
            # --list and --check show it as what they are asked for.
            for warning in drift_warnings(status):
                reporter.warning(warning)
            return _dry_run(command, settings, status, reporter, conn)
    if command.mode == "check":
        reporter.checked(status)
        findings = (
            status.pending,
            status.failed,
            status.unknown,
            status.changed,
            status.missing,
        )
        return ExitCode.CHECK_FAILED if any(findings) else ExitCode.DONE
    reporter.listed(status)
    return ExitCode.DONE


def _require_migrations(directory: Path) -> None:
    # An empty folder most likely is the wrong one, or one that was not copied into an image.
    try:
        names = [path.name for path in directory.iterdir()]
    except OSError:
        return  # scan says what is wrong with it
    if not any(is_migration(name) for name in names):
        hint = "Name another one with --dir, or add a migration."
        raise FilesError(
            "There is no migration (*.sql) in this folder.",
            path=directory,
            hint=" ".join([*passed_over_warnings(passed_over(directory)), hint]),
        )


@contextlib.contextmanager
def _surveyed(
    settings: Settings, reporter: Reporter
) -> Iterator[tuple[psycopg.Connection[Any], Status]]:
    """A connection, and the status of every migration."""
    ledger = Ledger(settings.table)
    files = scan(settings.directory)
    with resolve(settings) as target:
        reporter.connecting(target.route, target.tried)
        target.on_identity = reporter.connected
        for warning in target.warnings:
            reporter.warning(warning)
        try:
            with target.connect(reporter.waiting) as conn:
                yield conn, compare(files, ledger.read(conn))
        except psycopg.OperationalError as error:
            if ends_session(error):
                raise ConnectionLost(loss_message(error)) from error
            raise SchemamigError(f"the ledger could not be read: {one_line(error)}") from error


def _dry_run(
    command: Command,
    settings: Settings,
    status: Status,
    reporter: Reporter,
    conn: psycopg.Connection[Any],
) -> ExitCode:
    from schemamig_tui.advice.preflight import preflight
    from schemamig_tui.engine import Script
    from schemamig_tui.engine.run.reading import read, refuse_obstacle
    from schemamig_tui.engine.script.script import read_again

    standard = conn.pgconn.parameter_status(b"standard_conforming_strings") != b"off"
    migrations = status.to_run(command.to)
    if refusal := unsettled([m.row for m in status.unknown if m.row], Ledger(settings.table)):
        raise LedgerError(refusal.message, hint=refusal.hint)
    reporter.plan_started(status, command.to, len(migrations))
    refused = 0
    changer: str | None = None

    def scripts() -> Iterator[Script]:
        nonlocal refused, changer
        for migration in migrations:
            try:
                planned = read(migration, standard_strings=standard)
                refuse_obstacle(planned)
            except FilesError as error:
                if changer:
                    reporter.warning(f"{error.place}: {error.message} {read_again(changer)}")
                else:
                    reporter.error(error)
                    refused += 1
            else:
                script = planned.script
                if script.changes_reading:
                    changer = migration.name
                reporter.planned(migration, script, done=planned.done, with_sql=command.sql)
                yield script
                script.release()

    reporter.advised(preflight(conn, scripts()))
    reporter.plan_ended(len(migrations) - refused, refused)
    return ExitCode.USAGE if refused else ExitCode.DONE
