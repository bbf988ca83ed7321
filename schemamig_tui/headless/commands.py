"""Carries out a command without a UI, from its settings to its exit code.

``--list`` and ``--check`` read no SQL, so the modules that do are imported by the other commands.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from schemamig_tui.engine import Selection, scan
from schemamig_tui.engine.script.files import passed_over
from schemamig_tui.engine.script.names import is_migration, passed_over_warnings
from schemamig_tui.errors import ExitCode, FilesError, SchemamigError, SettingsError
from schemamig_tui.flags import ABOUT_ONE, DOCS, REPAIRS
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.output import Output
from schemamig_tui.headless.protection import refuse_unwanted_writes
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings, load
from schemamig_tui.survey import look
from schemamig_tui.text import visible


class Command(NamedTuple):
    """The command and its own options; folder and database are in the settings.

    ``mode`` is the flag that has chosen it, without its dashes. ``about`` is the one thing that it
    is about: a title, a file, or the branch to compare with; "" is the usual file. ``yes`` is the
    target that it may write to though that is protected. With ``preview`` it only shows what it
    would do. ``on_scratch``: it is not to touch the database, but a scratch in its place.
    """

    mode: str
    to: str | None = None
    sql: bool = False
    json: bool = False
    resume: bool = True
    save_plan: Path | None = None
    plan: Path | None = None
    about: str | None = None
    strict: bool = False
    only: str | None = None
    skip_backfills: bool = False
    yes: str | None = None
    lint_error: bool = False
    schemas: tuple[str, ...] = ()
    report: Path | None = None
    report_queries: bool = False
    annotations: str | None = None
    preview: bool = False
    on_scratch: bool = False


def run(command: Command, flags: Mapping[str, Any], stop: Stop) -> ExitCode:
    """Carry out ``command`` and report it on stdout and stderr. ``flags`` are those of ``load``."""
    out, err = Output(sys.stdout), Output(sys.stderr)
    reporter = _reporter(command, out, err)
    try:
        theirs = None
        if command.mode == "adopt":
            theirs, flags = flags["dir"], {**flags, "dir": None}
        settings = load(flags, os.environ)
        if command.annotations:
            from schemamig_tui.headless.annotations import AnnotatedReport

            reporter = AnnotatedReport(out, err, settings.directory)
        os.environ.update(settings.variables)
        command = _with_names(command, settings.directory)
        if settings.color:
            out.use_color()
            err.use_color()
        for warning in settings.warnings:
            reporter.warning(warning)
        if command.mode in ("apply", "adopt", *REPAIRS) and not command.preview:
            refuse_unwanted_writes(settings, command.yes)
        if command.mode == "adopt":
            from schemamig_tui.headless.adopting import adopt

            code = adopt(settings, reporter, stop, command.about or "", theirs, command.preview)
        else:
            code = _carry_out(command, settings, reporter, stop)
    except SchemamigError as error:
        reporter.error(error)
        code = error.exit_code
    if out.lost:
        err.write(f"error: stdout could not be written: {out.lost}")
        code = code or ExitCode.USAGE
    return code


def _with_names(command: Command, directory: Path) -> Command:
    """The command with the names of its files, which may be typed as paths into the folder.

    Raises SettingsError for a path that leads elsewhere: no file of that name there is meant. Only
    what is to be forgotten may be called so in the ledger, which other tools have written as well.
    """
    typed = {"to": command.to, "only": command.only}
    if ABOUT_ONE.get(command.mode, ("",))[0] == "FILE":
        typed["about"] = command.about
    names: dict[str, Any] = {}
    for option, path in typed.items():
        if path is None:
            continue
        parent = Path(path).parent
        leads_here = parent == Path() or os.path.realpath(parent) == os.path.realpath(directory)
        names[option] = Path(path).name if leads_here else path
        if not leads_here and command.mode != "forget":
            flag = command.mode if option == "about" else option
            raise SettingsError(
                f"--{flag}: {visible(path)} is not in the folder {visible(str(directory))}",
                hint="--dir names another folder; without one the name of the file is enough",
            )
    return command._replace(**names)


def _reporter(command: Command, out: Output, err: Output) -> Reporter:
    if command.json:
        from schemamig_tui.headless.json_lines import JsonLines

        return JsonLines(out)
    from schemamig_tui.headless.text_report import TextReport

    return TextReport(out, err)


def _carry_out(command: Command, settings: Settings, reporter: Reporter, stop: Stop) -> ExitCode:
    if command.mode in DOCS:
        from schemamig_tui.headless.documenting import document

        return document(command.mode, command.about, command.schemas, settings, reporter, stop)
    if command.about is not None:
        return _about_one(command.mode, command.about, settings, reporter, stop)
    if command.mode == "show-settings":
        from schemamig_tui.settings.shown import shown

        reporter.settings_shown([*shown(settings)])
        return ExitCode.DONE
    _require_migrations(settings.directory)
    if command.mode == "apply":
        return _apply(command, settings, reporter, stop)
    if command.mode == "rehearse":
        return _rehearse(command, settings, reporter, stop)
    if command.mode == "dry-run":
        return _dry_run(command, settings, reporter, stop)
    if command.mode == "verify":
        from schemamig_tui.headless.verifying import verify

        return verify(settings, reporter, stop)
    if command.mode == "lint":
        from schemamig_tui.headless.linting import lint_pending

        return lint_pending(settings, reporter, stop, to=command.to)
    return _list_or_check(command.mode, settings, reporter, stop)


def _apply(command: Command, settings: Settings, reporter: Reporter, stop: Stop) -> ExitCode:
    from schemamig_tui.headless.running import apply

    return apply(
        settings,
        reporter,
        stop,
        _selection(command),
        lint_error=command.lint_error,
        plan_file=command.plan,
    )


def _rehearse(command: Command, settings: Settings, reporter: Reporter, stop: Stop) -> ExitCode:
    from schemamig_tui.headless.running import rehearse

    return rehearse(
        settings,
        reporter,
        stop,
        to=command.to,
        report=command.report,
        with_queries=command.report_queries,
        with_advice=bool(command.report or command.annotations),
        on_scratch=command.on_scratch,
    )


def _dry_run(command: Command, settings: Settings, reporter: Reporter, stop: Stop) -> ExitCode:
    from schemamig_tui.headless.planning import dry_run

    return dry_run(
        settings,
        reporter,
        stop,
        _selection(command),
        lint_error=command.lint_error,
        with_sql=command.sql,
        save_to=command.save_plan,
    )


def _selection(command: Command) -> Selection:
    return Selection(
        command.to, command.resume, command.strict, command.skip_backfills, command.only
    )


def _list_or_check(mode: str, settings: Settings, reporter: Reporter, stop: Stop) -> ExitCode:
    with connecting(settings, reporter, stop) as (target, on_wait):
        survey = look(target, settings, on_wait)
    for warning in (*survey.warnings(), *survey.ahead):
        reporter.warning(warning)
    status = survey.status
    if status.changed:
        from schemamig_tui.authoring.drift import only_comments

        for sentence in only_comments(status.changed):
            reporter.warning(sentence)
    if status.missing:
        from schemamig_tui.authoring.renamed import perhaps_renamed

        for sentence in perhaps_renamed(status):
            reporter.warning(sentence)
    if mode == "check":
        reporter.checked(status)
        return ExitCode.CHECK_FAILED if status.not_in_order else ExitCode.DONE
    reporter.listed(status)
    return ExitCode.DONE


def _about_one(
    mode: str, about: str, settings: Settings, reporter: Reporter, stop: Stop
) -> ExitCode:
    if mode == "new":
        from schemamig_tui.headless.writing import new

        return new(settings, reporter, about)
    if mode == "explain":
        from schemamig_tui.lint.page import page

        reporter.explained(about, page(about))
        return ExitCode.DONE
    _require_migrations(settings.directory)
    if mode == "lint":
        from schemamig_tui.headless.linting import lint_new

        return lint_new(settings, reporter, about)
    if mode == "check":
        from schemamig_tui.headless.history import against

        return against(settings, reporter, about)
    if mode in REPAIRS:
        from schemamig_tui.headless.repairing import repair

        return repair(settings, reporter, stop, mode, about)
    if mode == "diff":
        from schemamig_tui.headless.history import diff

        return diff(settings, reporter, stop, about)
    from schemamig_tui.headless.writing import new_rollback

    return new_rollback(settings, reporter, stop, about)


def _require_migrations(directory: Path) -> None:
    # An empty folder most likely is the wrong one, or one that was not copied into an image.
    try:
        names = [path.name for path in directory.iterdir()]
    except OSError:
        scan(directory)  # which says what is wrong with it
        return
    if not any(is_migration(name) for name in names):
        hint = "Name another one with --dir, or add a migration."
        raise FilesError(
            "There is no migration (*.sql) in this folder.",
            path=directory,
            hint=" ".join([*passed_over_warnings(passed_over(directory)), hint]),
        )
