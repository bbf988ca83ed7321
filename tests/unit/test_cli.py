"""The command line by itself: help, usage errors, what is imported, and bugs."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import schemamig_tui
from schemamig_tui import cli, flags
from schemamig_tui.errors import ExitCode
from schemamig_tui.headless import commands

ENVIRON = {**os.environ, "PYTHONPATH": str(Path(schemamig_tui.__file__).parents[1])}


def usage_error(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What is on stderr for arguments that are refused."""
    assert cli.main(argv) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    return err


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_import_nothing_that_takes_time(flag: str) -> None:
    code = f"""
import sys
from schemamig_tui.cli import main
assert main([{flag!r}]) == 0
heavy = {{"psycopg", "textual", "docker", "asyncio", "json", "tomllib"}} & sys.modules.keys()
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""
    ended = subprocess.run([sys.executable, "-c", code], env=ENVIRON, capture_output=True)
    assert ended.returncode == 0, ended.stderr


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"schemamig-tui {schemamig_tui.__version__}\n"


def test_help_tells_every_exit_code_and_fits_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) < 80
    codes = {line.split()[0] for line in lines[lines.index("exit codes:") + 1 :] if line}
    assert {str(int(code)) for code in ExitCode} <= codes


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["--list", "--apply"], "--apply: not allowed with argument --list"),
        (["--lis"], "unrecognized arguments: --lis"),
        (["0001_a.sql"], "unrecognized arguments: 0001_a.sql"),
        (["--list", "--dir"], "--dir: expected one argument"),
        (["--list", "--sql"], "--sql only goes with --dry-run"),
        (["--apply", "--read-only"], "--read-only only goes with the UI"),
        (["--check", "--to", "a.sql"], "--to only goes with --dry-run, --rehearse, --apply"),
        (["--list", "--no-resume"], "--no-resume only goes with --dry-run and --apply"),
        (["--rehearse", "--lock-retries", "3"], "--lock-retries only goes with --apply and the UI"),
        (
            ["--list", "--max-blocking", "3"],
            "--max-blocking only goes with --rehearse, --apply and",
        ),
        (["--check", "--statement-timeout", "1s"], "--statement-timeout only goes with --rehearse"),
        (["--rehearse", "--warn-after", "1s"], "--warn-after only goes with --apply and the UI"),
        (
            ["--apply", "--advice-timeout", "1s"],
            "--advice-timeout only goes with --dry-run and the UI",
        ),
        (["--apply", "--wait", "soon"], "--wait has to be a number of seconds"),
        (["--apply", "--lock-timeout", "5"], "--lock-timeout has to be a time with its unit"),
        (["--apply", "--lock-timeout", "-3s"], "--lock-timeout has to be a time with its unit"),
        (["--completion", "tcsh"], "--completion is 'tcsh', but has to be bash, zsh or fish"),
        (["--completion", ""], "--completion is empty"),
        (["--apply", "--connection", "ssh"], "--connection is 'ssh'"),
        (["--apply", "--dsn", ""], "--dsn is empty"),
        (["--apply", "--to", ""], "--to is empty; was a variable not set?"),
        (["--diff", " "], "--diff is empty; was a variable not set?"),
        ([], "no mode was given"),
    ],
)
def test_wrong_usage_is_said_on_stderr_in_a_line(
    capsys: pytest.CaptureFixture[str], argv: list[str], why: str
) -> None:
    error = usage_error(capsys, *argv)
    assert error.startswith("error: ")
    assert why in error.splitlines()[0]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--aply", "--apply"),
        ("--app", "--apply"),
        ("apply", "--apply"),
        ("--dryrun", "--dry-run"),
        ("--dry", "--dry-run"),
        ("--lock_timeout=5s", "--lock-timeout"),
        ("--dns", "--dsn"),
        ("--no-colour", "--no-color"),
    ],
)
def test_a_typo_is_asked_about(capsys: pytest.CaptureFixture[str], typed: str, meant: str) -> None:
    error = usage_error(capsys, typed).splitlines()
    assert error == [f"error: unrecognized arguments: {typed}", f"hint: Did you mean {meant}?"]


def test_what_is_like_no_option_is_not_guessed_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert usage_error(capsys, "--frobnicate").endswith("hint: see schemamig-tui --help\n")


def test_a_mistyped_value_is_asked_about_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Did you mean docker?" in usage_error(capsys, "--apply", "--connection", "doker")


@pytest.mark.parametrize("argv", [["--json"], ["--aply", "--json"], ["--json", "--list", "--sql"]])
def test_with_json_wrong_usage_is_an_event(
    capsys: pytest.CaptureFixture[str], argv: list[str]
) -> None:
    assert cli.main(argv) == ExitCode.USAGE
    out, err = capsys.readouterr()
    event = json.loads(out)
    assert (event["event"], event["exit_code"], err) == ("error", 2, "")
    assert event["message"]


class _Screen(io.StringIO):
    """A terminal, as far as a program can ask."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_that_can_only_write_lines_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    screens = {name: _Screen() for name in ("stdin", "stdout", "stderr")}
    for name, screen in screens.items():
        monkeypatch.setattr(sys, name, screen)
    monkeypatch.setenv("TERM", "dumb")
    assert cli.main([]) == ExitCode.USAGE
    error = screens["stderr"].getvalue()
    assert "TERM is dumb" in error
    assert "--apply" in error


def test_a_bug_in_the_ui_is_70(monkeypatch: pytest.MonkeyPatch) -> None:
    from schemamig_tui.tui import session

    def crash(_: object, **_options: object) -> None:
        raise ZeroDivisionError

    screens = {name: _Screen() for name in ("stdin", "stdout", "stderr")}
    for name, screen in screens.items():
        monkeypatch.setattr(sys, name, screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(session, "run", crash)
    assert cli.main([]) == ExitCode.INTERNAL
    assert "internal error: ZeroDivisionError at " in screens["stderr"].getvalue()


def test_every_flag_that_not_all_modes_use_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    listed = capsys.readouterr().out
    for name in flags._USED_BY:
        assert f"--{name.replace('_', '-')}" in listed


def test_a_mistyped_option_does_not_show_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    error = usage_error(capsys, "--dns", "postgresql://spec:geheim@localhost/spec")
    assert "spec:***@localhost" in error
    assert "geheim" not in error


def test_a_mistyped_option_cannot_write_to_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert r"\x1B[31m" in usage_error(capsys, "--\x1b[31m")


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every command fail with an exception that holds secrets."""

    def crash(*_: object) -> ExitCode:
        password = "geheim"
        raise RuntimeError(f"{password} postgresql://spec:ver{password}@localhost/spec")

    monkeypatch.setattr(commands, "run", crash)
    monkeypatch.setenv("PGPASSWORD", "geheim")


@pytest.mark.usefixtures("bug")
def test_a_bug_is_one_line_without_any_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list"]) == ExitCode.INTERNAL
    error = capsys.readouterr().err.splitlines()
    assert error[0].startswith("error: internal error: RuntimeError at test_cli.py:")
    assert error[1:] == ["hint: SCHEMAMIG_DEBUG=FILE writes a traceback to FILE"]


@pytest.mark.usefixtures("bug")
def test_with_json_a_bug_is_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list", "--json"]) == ExitCode.INTERNAL
    out, err = capsys.readouterr()
    event = json.loads(out)
    assert (event["event"], event["exit_code"], err) == ("error", 70, "")
    assert "RuntimeError" in event["message"]
    assert "geheim" not in out


@pytest.mark.usefixtures("bug")
def test_a_bug_leaves_a_traceback_without_secrets_where_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.txt"
    monkeypatch.setenv("SCHEMAMIG_DEBUG", str(trace))
    assert cli.main(["--list"]) == ExitCode.INTERNAL
    assert f"the traceback is in {trace}" in capsys.readouterr().err
    assert "RuntimeError: *** postgresql://spec:***@localhost/spec" in trace.read_text()
    assert "geheim" not in trace.read_text().replace('password = "geheim"', "")
    assert trace.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("bug")
def test_a_traceback_that_cannot_be_written_is_no_second_crash(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SCHEMAMIG_DEBUG", str(tmp_path))
    assert cli.main(["--list"]) == ExitCode.INTERNAL
    assert "could not be written" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_imports_ends_it_without_a_traceback(number: int) -> None:
    code = f"""
import os, runpy, sys

class Sender:
    def find_spec(self, name, *_):
        if name == "schemamig_tui.cli":
            os.kill(os.getpid(), {number:d})

sys.meta_path.insert(0, Sender())
sys.argv = ["schemamig-tui", "--version"]
runpy.run_module("schemamig_tui", run_name="__main__")
"""
    ended = subprocess.run([sys.executable, "-c", code], env=ENVIRON, capture_output=True)
    assert ended.returncode == ExitCode.INTERRUPTED
    assert (ended.stdout, ended.stderr) == (b"", b"interrupted\n")


def test_a_signal_is_obeyed_while_the_main_thread_is_outside_of_python() -> None:
    """As in a look-up of a name, which no signal ends; here it waits for a lock of C's."""
    code = """
import ctypes, os, signal, threading
from schemamig_tui.headless.signals import Stop
libc, lock = ctypes.CDLL(None), ctypes.create_string_buffer(64)
libc.pthread_mutex_lock(lock)
with Stop(for_good=True):
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    libc.pthread_mutex_lock(lock)
"""
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, env=ENVIRON, capture_output=True, timeout=20)
    assert (ended.returncode, ended.stderr) == (ExitCode.INTERRUPTED, b"interrupted\n")


def test_a_signal_that_is_ignored_from_the_start_stays_so() -> None:
    code = """
import os, signal, sys
from schemamig_tui.__main__ import main
signal.signal(signal.SIGHUP, signal.SIG_IGN)
sys.argv = ["schemamig-tui", "--version"]
main()
os.kill(os.getpid(), signal.SIGHUP)
"""
    ended = subprocess.run([sys.executable, "-c", code], env=ENVIRON, capture_output=True)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("thread", [False, True])
def test_the_process_ends_when_all_is_written_and_done(thread: bool) -> None:
    code = f"""
import atexit, sys, threading
from schemamig_tui.__main__ import program
atexit.register(print, "at the end")
if {thread}:
    threading.Thread(target=lambda: (threading.main_thread().join(), print("a thread"))).start()
sys.argv = ["schemamig-tui", "--version"]
program()
"""
    ended = subprocess.run([sys.executable, "-c", code], env=ENVIRON, capture_output=True)
    lines = [f"schemamig-tui {schemamig_tui.__version__}", *["a thread"] * thread, "at the end"]
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.decode().splitlines() == lines


def test_before_the_signals_nothing_is_imported_but_our_first_file() -> None:
    code = """
import os, sys  # as Python itself, without -S
before = {*sys.modules}
import schemamig_tui.__main__
sys.exit(" ".join(sorted({*sys.modules} - before)))
"""
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path}\n{code}"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.stderr.strip() == "schemamig_tui schemamig_tui.__main__"


def test_the_handlers_of_a_caller_are_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    pipe = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(pipe)
    cli.main(["--version"])
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.set_wakeup_fd(pipe) == pipe


@pytest.mark.parametrize("form", [["--dsn", "{}"], ["--dsn={}"]])
@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://spec:geheim@127.0.0.1:1/spec",
        "host=127.0.0.1 port=1 user=spec password=geheim dbname=spec",
        "postgresql://127.0.0.1:1/spec?p%61ssword=geheim",
    ],
)
def test_a_password_in_the_dsn_is_not_in_the_process_title(
    tmp_path: Path, form: list[str], dsn: str
) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_a.sql").write_text("SELECT 1;")
    arguments = [part.format(dsn) for part in form]
    with subprocess.Popen(
        [sys.executable, "-m", "schemamig_tui", "--list", "--wait", "60", *arguments],
        cwd=tmp_path,
        env=ENVIRON,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        title = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        process.kill()
    assert line.startswith("Waiting up to 60s for the server: ")
    assert b"geheim" not in title
    assert b"--list" in title
    assert b"***" in title


def test_a_dsn_that_was_handed_over_is_not_passed_on_to_children() -> None:
    code = """
import os, sys
from schemamig_tui.cli import main
main()
sys.exit("geheim" in os.environ.values())
"""
    command = [sys.executable, "-c", code, "--version"]
    ended = subprocess.run(command, env={**ENVIRON, "_SCHEMAMIG_DSN": "geheim"})
    assert ended.returncode == 0
