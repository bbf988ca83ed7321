"""The command line: flags -> Settings -> the UI or a headless command.

Imports are made where they are needed: ``--help`` costs nothing, and the signal handlers stand
before anything takes its time, so that Ctrl-C shows no traceback. The flags are in ``arguments``.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemamig_tui.errors import SchemamigError
    from schemamig_tui.headless.signals import Stop

# Carries DSNs past the process title; named so that nobody takes it for a setting.
_HANDED_OVER = "_SCHEMAMIG_DSN"
_MASK = "***"
# One of these is in each DSN with a secret; the name of its parameter may be encoded.
_MARKS = ("@", "passw", "secret", "_key", "%")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code.

    ``argv`` are the arguments without the program's name; None takes those of the process, and
    replaces the process where its title would show a password.
    """
    from schemamig_tui.headless.signals import Stop

    with Stop(for_good=argv is None) as stop:
        try:
            return _run(_process_arguments() if argv is None else argv, stop)
        except Exception as error:
            return _internal_error(error, sys.argv if argv is None else argv)


def _run(argv: Sequence[str], stop: "Stop") -> int:
    from schemamig_tui.arguments import parse
    from schemamig_tui.errors import SettingsError

    try:
        options = parse(argv)
        if options.completion:
            return _print_completion(options.completion)
        if options.mode is None:
            return _open_ui(vars(options))
    except SystemExit:  # after --help and --version
        return 0
    except SettingsError as error:
        _report(error, argv)
        return error.exit_code
    from schemamig_tui.headless.commands import Command, run

    command = Command(
        options.mode,
        to=options.to,
        sql=bool(options.sql),
        json=bool(options.json),
        resume=options.resume is not False,
        save_plan=options.save_plan,
        plan=options.plan,
        about=options.against if options.about is None else options.about,
        strict=bool(options.strict),
        only=options.only,
        skip_backfills=bool(options.skip_backfills),
        yes=options.yes,
        lint_error=bool(options.lint_error),
        schemas=tuple(options.schema or ()),
        report=options.report,
        report_queries=bool(options.report_queries),
        annotations=options.annotations,
        preview=options.preview,
        on_scratch=options.on_scratch,
    )
    return run(command, vars(options), stop)


def _print_completion(wanted: str) -> int:
    from schemamig_tui.completion import completion
    from schemamig_tui.headless.output import Output

    Output(sys.stdout).write(completion(wanted))
    return 0


def _report(error: "SchemamigError", argv: Sequence[str]) -> None:
    """Report an error of the arguments, in the form that they ask for."""
    from schemamig_tui.arguments import JSON
    from schemamig_tui.headless.output import Output

    if JSON in argv:
        from schemamig_tui.headless.json_lines import JsonLines

        JsonLines(Output(sys.stdout)).error(error)
    else:
        from schemamig_tui.headless.text_report import TextReport

        TextReport(Output(sys.stdout), Output(sys.stderr)).error(error)


def _open_ui(flags: Mapping[str, Any]) -> int:
    """The full-screen UI, which is what no mode asks for. Raises SettingsError."""
    from schemamig_tui.errors import SettingsError
    from schemamig_tui.headless.output import Output
    from schemamig_tui.settings import Settings, load
    from schemamig_tui.settings.values import PLACES

    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise SettingsError(
            "no mode was given, and the UI needs a terminal",
            hint="choose one of --list, --dry-run, --rehearse, --apply, --check",
        )
    if os.environ.get("TERM") == "dumb":
        raise SettingsError(
            "the UI needs a terminal that can do more than write lines, and TERM is dumb",
            hint="choose one of --list, --dry-run, --rehearse, --apply, --check, or set TERM",
        )
    environ = dict(os.environ)  # without what a target's own file of variables will add
    settings = load(flags, environ)
    os.environ.update(settings.variables)
    from schemamig_tui.tui.session import run

    def settings_of(target: str) -> Settings:
        places = dict.fromkeys(PLACES)
        found = load({**flags, **places, "target": target}, environ)
        os.environ.update(found.variables)
        return found

    code = 0
    for closing in run(settings, read_only=bool(flags["read_only"]), settings_of=settings_of):
        code = closing.exit_code
        if closing.line:
            Output(sys.stdout).write(closing.line)
    return code


# -- secrets and crashes


def _process_arguments() -> list[str]:
    """The arguments of the process, whose title shows no password of a DSN when this returns.

    A process cannot change its title portably, so it becomes another one under the same pid,
    which gets the DSNs in its environment.
    """
    handed_over = os.environ.pop(_HANDED_OVER, None)
    if handed_over is not None:
        import json

        given = iter(json.loads(handed_over))
        return _replace_dsn(
            sys.argv[1:], lambda shown: next(given, shown) if shown == _MASK else shown
        )
    secrets: list[str] = []

    def mask(dsn: str) -> str:
        secret = any(mark in dsn.lower() for mark in _MARKS)
        if secret:
            secrets.append(dsn)
        return _MASK if secret else dsn

    masked = _replace_dsn(sys.orig_argv, mask)
    if secrets:
        import json

        environ = {**os.environ, _HANDED_OVER: json.dumps(secrets)}
        os.execve(sys.executable, [sys.executable, *masked[1:]], environ)
    return sys.argv[1:]


def _replace_dsn(arguments: Sequence[str], replace: Callable[[str], str]) -> list[str]:
    flags = ("--dsn", "--scratch")
    replaced: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        flag, equals, value = argument.partition("=")
        if before in flags:
            argument = replace(argument)
        elif equals and flag in flags:
            argument = f"{flag}={replace(value)}"
        replaced.append(argument)
    return replaced


def _internal_error(error: Exception, argv: Sequence[str]) -> int:
    """Report a bug in one line, without a value in it that could be a secret.

    SCHEMAMIG_DEBUG=FILE appends the traceback to FILE, without local variables and passwords.
    """
    import traceback

    from schemamig_tui.errors import ExitCode, SchemamigError

    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno}"
    message = f"internal error: {type(error).__name__} at {place}; this is a bug"
    bug = SchemamigError(message, hint=_trace(error))
    bug.exit_code = ExitCode.INTERNAL
    _report(bug, argv)
    return ExitCode.INTERNAL


def _trace(error: Exception) -> str:
    """Write the traceback to where it is asked for; returns what to say of that."""
    import traceback

    from schemamig_tui.text import redact, visible

    path = os.environ.get("SCHEMAMIG_DEBUG")
    if not path:
        return "SCHEMAMIG_DEBUG=FILE writes a traceback to FILE"
    secrets = [os.environ.get(name, "") for name in ("PGPASSWORD", "POSTGRES_PASSWORD")]
    try:
        Path(path).touch(mode=0o600)
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(redact("".join(traceback.format_exception(error)), secrets))
    except OSError as failure:
        return f"{visible(path)} could not be written: {failure.strerror}"
    return f"the traceback is in {visible(path)}"
