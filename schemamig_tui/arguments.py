"""The flags of the command line, and what ``--help`` says of them."""

import argparse
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from schemamig_tui.errors import ExitCode, SettingsError
from schemamig_tui.flags import ABOUT_ONE, DOCS, refuse_useless
from schemamig_tui.headless.output import Output
from schemamig_tui.spelling import nearest
from schemamig_tui.text import redact, visible

_Group = argparse._ArgumentGroup

JSON = "--json"

_DESCRIPTION = "Plain .sql migrations for PostgreSQL: applied in order, recorded in a ledger."
_EPILOG = """\
settings:
  The options from --dir to --no-color can also be set by a variable, such as
  SCHEMAMIG_LOCK_TIMEOUT (for colour it is NO_COLOR), and by a key in the table
  [tool.schemamig-tui] of pyproject.toml, or in schemamig.toml, such as
  lock-timeout. The option goes before the variable, and that before the key.
  A password is better kept in a variable or a password file; one in --dsn is
  taken out of the process title.

exit codes:
{exit_codes}

examples:
  schemamig-tui --list
  schemamig-tui --dry-run --sql --to 20251019_add_user_preferences.sql
  schemamig-tui --apply --wait 30 --lock-timeout 5s
  schemamig-tui --check --json
"""


def _epilog() -> str:
    """What stands behind the options; its lines fit a terminal of 80 columns."""
    wrapper = textwrap.TextWrapper(79, subsequent_indent=" " * 7, break_on_hyphens=False)
    codes = (wrapper.fill(f"  {code:<4} {code.meaning}") for code in ExitCode)
    return _EPILOG.format(exit_codes="\n".join(codes))


class _Parser(argparse.ArgumentParser):
    """Raises SettingsError for what it does not understand, and asks what may have been meant."""

    def error(self, message: str, hint: str = "") -> NoReturn:
        # The message quotes what was typed, such as --dns postgresql://user:password@host.
        raise SettingsError(visible(redact(message)), hint=hint or f"see {self.prog} --help")

    def refuse_unknown(self, arguments: list[str]) -> NoReturn:
        """Say which ones are unknown, and what the first of them may have been meant to be."""
        flags = [flag[2:] for flag in self._option_string_actions if flag.startswith("--")]
        typed = arguments[0].partition("=")[0].lstrip("-").replace("_", "-")
        meant = nearest(typed, flags)
        hint = f"Did you mean --{meant}?" if meant else ""
        self.error(f"unrecognized arguments: {' '.join(arguments)}", hint)

    def _print_message(self, message: str, file: object = None) -> None:
        Output(sys.stdout).write(message.rstrip())  # whose reader may have gone


# Options that name something. (Settings and paths are looked at where they are read.)
_NAMING = ("to", "only", "yes", "against", "completion")


def make_parser() -> "_Parser":
    """The parser of the command line, from which its completion and its manual are made as well."""
    parser = _Parser(
        prog="schemamig-tui",
        usage="%(prog)s [MODE] [option ...]",
        description=_DESCRIPTION,
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    # As in Python 3.14. Older ones take -3s for an option, and say that the one before it has no
    # argument; what is wrong with a value like that is said where it is read.
    parser._negative_number_matcher = re.compile(r"-\.?\d")
    _add_modes(parser)
    _add_places(parser)
    _add_behaviour(parser)
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The options; those named as in ``settings.load`` are settings. Raises SettingsError."""
    parser = make_parser()
    options, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.refuse_unknown(unknown)
    for name in (*ABOUT_ONE, *_NAMING):
        given = vars(options)[name]
        if given is not None and not given.strip():
            parser.error(f"--{name} is empty; was a variable not set?")
    options.about = None
    # Without a place behind it, it is where the settings say.
    options.on_scratch = options.scratch is not None
    options.preview = options.adopt is not None and options.mode == "dry-run"
    if options.adopt is not None:
        _refuse_other_modes(parser, options)
    for mode in (*ABOUT_ONE, *DOCS):
        if (about := vars(options)[mode]) is not None:
            options.mode, options.about = mode, about
    refuse_useless(vars(options), options.mode)
    if options.plan and (options.to or options.only or options.resume is False):
        parser.error("--plan goes without --to, --only and --no-resume, which the plan has")
    if options.annotations and options.json:
        parser.error("--annotations goes without --json, whose lines they would be none of")
    options.scratch = options.scratch or None
    if options.report_queries and not options.report:
        parser.error("--report-queries only goes with --report")
    return options


def _refuse_other_modes(parser: _Parser, options: argparse.Namespace) -> None:
    """Refuse modes beside ``--adopt``, which is apart from them for the sake of ``--dry-run``."""
    about = (name for name in (*ABOUT_ONE, *DOCS, "completion") if vars(options)[name] is not None)
    for other in filter(None, (options.mode, *about)):
        if other not in ("adopt", "dry-run"):
            parser.error(f"argument --adopt: not allowed with argument --{other}")


def _add_modes(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("modes (none of them opens the UI)")
    modes = group.add_mutually_exclusive_group()
    for name, what in (
        ("list", "show what is applied, failed and pending, and what has changed since"),
        (
            "dry-run",
            "show how each pending migration would be run, with warnings; changes nothing, not even"
            " the ledger",
        ),
        (
            "rehearse",
            "run all pending migrations in one transaction and roll it back; show what"
            " they would lock, rewrite and change",
        ),
        ("apply", "run all pending migrations, and what failed before; stop at the first failure"),
        ("check", "for CI: exit with 5 if anything is pending, failed, changed or missing"),
        ("lint", "show what is risky or unclear in each pending migration; exit with 5 on errors"),
        (
            "verify",
            "run the applied migrations from zero on a scratch database; exit with 5 if the"
            " database is not what they make",
        ),
        (
            "show-settings",
            "show every setting, and the flag, variable or line of a file that it comes from;"
            " passwords are masked",
        ),
    ):
        modes.add_argument(f"--{name}", dest="mode", action="store_const", const=name, help=what)
    for name, (thing, what) in ABOUT_ONE.items():
        (group if name == "adopt" else modes).add_argument(
            f"--{name}", dest=name, metavar=thing, help=what
        )
    for name, what in DOCS.items():
        modes.add_argument(f"--{name}", dest=name, metavar="PATH", nargs="?", const="", help=what)
    modes.add_argument(
        "--completion",
        metavar="SHELL",
        help="print what bash, zsh or fish needs to complete our options, files and targets",
    )
    _add_mode_options(group)


def _add_mode_options(group: _Group) -> None:
    group.add_argument(
        "--to",
        metavar="FILE",
        help="--dry-run, --rehearse, --apply, --lint: up to FILE, and with it",
    )
    group.add_argument("--only", metavar="FILE", help="--apply, --dry-run: this file by itself")
    group.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        help="--apply, --dry-run: go on with a migration without a transaction at the statement"
        " that failed (the default), or start it over",
    )
    group.add_argument(
        "--save-plan", metavar="FILE", type=Path, help="--dry-run: save the plan as FILE (JSON)"
    )
    group.add_argument(
        "--plan", metavar="FILE", type=Path, help="--apply: apply exactly that plan, or nothing"
    )
    group.add_argument(
        "--report",
        metavar="FILE",
        type=Path,
        help="--rehearse: also write it as FILE: a page for a pull request (.md), or .json",
    )
    group.add_argument(
        "--annotations",
        choices=("github",),
        metavar="github",
        help="--rehearse, --dry-run, --apply, --check, --lint: also print errors, findings and"
        " advice as annotations of a workflow",
    )
    group.add_argument(
        "--against",
        metavar="REF",
        help="--check: compare the folder with what this branch of git has, instead of a database:"
        " new files have to sort behind all of its files, and those have to be here as they are"
        " there; --lint: look at the files that are new, without a database",
    )
    group.add_argument(
        "--schema",
        metavar="NAME",
        nargs="+",
        action="extend",
        help="--docs-generate, --docs-validate: only these schemas",
    )
    group.add_argument(
        "--yes",
        metavar="TARGET",
        help="the modes that write to the database: this protected target is meant",
    )
    for flag, what in (
        (
            "--strict",
            "--apply, --dry-run: run nothing where an applied file has changed or is missing, or a"
            " pending one sorts before an applied one",
        ),
        ("--lint-error", "--apply, --dry-run: refuse what --lint finds errors in"),
        ("--skip-backfills", "--apply, --dry-run: leave files with batches pending"),
        ("--sql", "--dry-run: show the statements too"),
        ("--report-queries", "--report: quote the queries of other sessions, too"),
        (JSON, "print one JSON object per line, one per event"),
        ("--read-only", "the UI: look and rehearse, but never write to the database"),
    ):
        group.add_argument(flag, action="store_const", const=True, help=what)


def _add_places(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("migrations and database")
    group.add_argument(
        "--dir",
        help="the folder with the .sql files (default: migrations); --adopt: the other tool's",
    )
    group.add_argument(
        "--target", metavar="NAME", help="the database of this name, as the settings describe it"
    )
    group.add_argument(
        "--env-file",
        metavar="FILE",
        dest="env-file",
        help="take variables that are not set from the lines NAME=value of FILE",
    )
    group.add_argument("--table", help="the ledger (default: kb.schema_migrations)")
    group.add_argument(
        "--connection",
        metavar="auto|docker|environment",
        help="where to look for the database: auto (the default) takes the Docker container, and"
        " without it what DATABASE_URL, POSTGRES_HOST ... or PGHOST ... say",
    )
    group.add_argument("--container", metavar="NAME", help="the container (default: spec_pg)")
    group.add_argument(
        "--start-container",
        dest="start-container",
        action="store_const",
        const=True,
        help="start the container if it is stopped, and wait until the server answers",
    )
    group.add_argument("--dsn", help="connect to this URI or libpq connection string")
    group.add_argument(
        "--embedded",
        metavar="DIR",
        nargs="?",
        const=True,
        help="use a private PostgreSQL, started as needed; its data is kept in DIR",
    )


def _add_behaviour(parser: argparse.ArgumentParser) -> None:
    from schemamig_tui import __version__

    group = parser.add_argument_group("behaviour")
    _add_limits(group)
    _add_logs(group)
    group.add_argument(
        "--date-style",
        metavar="YYYYMMDD|YYYY-MM-DD|NNNN",
        dest="date-style",
        help="--new, --new-rollback: how the name begins (default: as in the newest file)",
    )
    group.add_argument(
        "--lint-level",
        metavar="note|warning|error",
        dest="lint-level",
        help="--lint, --lint-error: from which severity on findings count (default: error)",
    )
    group.add_argument(
        "--scratch",
        metavar="embedded|server|DSN",
        nargs="?",
        const="",
        help="--rehearse: on a scratch database with the schema of the applied migrations, so that"
        " nothing is locked in the database. --rehearse, --verify: where that is made for a moment:"
        " on the embedded PostgreSQL (the default), on the server of the database, or on another",
    )
    group.add_argument(
        "--template", metavar="FILE", help="--new: the file to make a new migration from"
    )
    group.add_argument(
        "--no-color", dest="color", action="store_const", const=False, help="print without colour"
    )
    group.add_argument("--help", "-h", action="help", help="show this help and exit")
    group.add_argument("--version", action="version", version=f"%(prog)s {__version__}")


def _add_limits(group: _Group) -> None:
    wait = "wait so long for a server that does not answer yet"
    group.add_argument("--wait", metavar="SECONDS", help=wait)
    group.add_argument(
        "--lock-timeout",
        metavar="DURATION",
        dest="lock-timeout",
        help="give up a statement that waits for a lock after 500ms, 2s or 1min; 0 is never. By"
        " default role and database decide (--rehearse: 2s). CREATE INDEX CONCURRENTLY may wait",
    )
    group.add_argument(
        "--lock-retries",
        metavar="N",
        dest="lock-retries",
        help="after a lock timeout roll the migration back and try again, up to N times",
    )
    group.add_argument(
        "--run-lock-timeout",
        metavar="DURATION",
        dest="run-lock-timeout",
        help="give up waiting for another run; 0, the default, is never",
    )
    group.add_argument(
        "--max-blocking",
        metavar="SECONDS",
        dest="max-blocking",
        help="cancel our own statement when others have waited behind it for so long",
    )
    group.add_argument(
        "--pause-file",
        metavar="FILE",
        dest="pause-file",
        help="batches wait while it is there",
    )
    group.add_argument(
        "--statement-timeout",
        metavar="DURATION",
        dest="statement-timeout",
        help="--apply, --rehearse, --verify: give up a statement that takes longer, unless its"
        " file sets another limit; 0 is never. By default role and database decide (--rehearse,"
        " --verify: 1min)",
    )
    group.add_argument(
        "--warn-after",
        metavar="DURATION",
        dest="warn-after",
        help="--apply: mark migrations that took longer in the summary (default: 30s; 0 is none)",
    )
    group.add_argument(
        "--time-budget",
        metavar="DURATION",
        dest="time-budget",
        help="--rehearse: exit with 5 if a migration took longer, or held ACCESS EXCLUSIVE longer",
    )
    group.add_argument(
        "--advice-timeout",
        metavar="DURATION",
        dest="advice-timeout",
        help="--dry-run: how long a question to the database may take (default: 2s; 0 is no limit);"
        " all those about rows together may take five times as long",
    )


def _add_logs(group: _Group) -> None:
    group.add_argument(
        "--log-file",
        metavar="PATH",
        dest="log-file",
        help="append every event of a run to this file, as JSON lines",
    )
    for when, dest in (("went well", "on-success"), ("did not go well", "on-failure")):
        group.add_argument(
            f"--{dest}",
            metavar="COMMAND",
            dest=dest,
            help=f"the command of the shell after a run that {when}; it gets the run as JSON",
        )
    group.add_argument(
        "--alert-timeout",
        metavar="DURATION",
        dest="alert-timeout",
        help="how long these commands may take (default: 10s; 0 is no limit)",
    )
