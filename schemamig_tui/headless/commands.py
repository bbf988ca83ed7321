"""The commands without a UI, each of them from the settings to an exit code.

``--list`` and ``--check`` read no SQL, so what does is imported by those that need it.
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
from schemamig_tui.engine.ledger.status import Status, compare
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.pipeline.loss import ends_session, loss_message, one_line
from schemamig_tui.engine.script.files import naming_warnings, scan
from schemamig_tui.errors import ConnectionLost, ExitCode, FilesError, SchemamigError
from schemamig_tui.headless.output import Output
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings, load


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
        from schemamig_tui.headless.running import apply

        return apply(settings, reporter, stop, to=command.to, resume=command.resume)
    if command.mode == "rehearse":
        from schemamig_tui.headless.running import rehearse

        return rehearse(settings, reporter, stop, to=command.to)
    with _looking(settings, reporter) as (conn, status):
        for warning in naming_warnings(m.file for m in status.migrations if m.file):
            reporter.warning(warning)
        if command.mode == "dry-run":
            return _dry_run(command, status, reporter, conn)
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


@contextlib.contextmanager
def _looking(
    settings: Settings, reporter: Reporter
) -> Iterator[tuple[psycopg.Connection[Any], Status]]:
    """A connection, and where every migration stands."""
    ledger = Ledger(settings.table)
    files = scan(settings.directory)
    with resolve(settings) as target:
        reporter.connecting(target.route, target.tried)
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
    command: Command, status: Status, reporter: Reporter, conn: psycopg.Connection[Any]
) -> ExitCode:
    from schemamig_tui.advice.preflight import preflight
    from schemamig_tui.engine.run.reading import read
    from schemamig_tui.engine.script.script import Script

    standard = conn.pgconn.parameter_status(b"standard_conforming_strings") != b"off"
    migrations = status.to_run(command.to)
    reporter.plan_started(status, command.to, len(migrations))
    refused = 0

    def scripts() -> Iterator[Script]:
        nonlocal refused
        for migration in migrations:
            try:
                planned = read(migration, standard_strings=standard)
            except FilesError as error:
                reporter.error(error)
                refused += 1
            else:
                script = planned.script
                reporter.planned(migration, script, done=planned.done, with_sql=command.sql)
                yield script
                script.release()

    reporter.advised(preflight(conn, scripts()))
    reporter.plan_ended(len(migrations) - refused, refused)
    return ExitCode.USAGE if refused else ExitCode.DONE
