"""Opens the user's editor, which has the terminal for itself meanwhile."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from textual.app import App, SuspendNotSupported

from schemamig_tui.text import one_line

# These take +LINE before the file; of others we do not know.
_TAKES_LINE = {"vi", "vim", "nvim", "view", "nano", "emacs", "emacsclient", "micro", "kak", "joe"}


def edit(app: App[None], path: Path, line: int | None) -> str | None:
    """Give the terminal to the editor until it ends. Returns a problem for the user, or None.

    The app is suspended meanwhile; a run that it has started goes on.
    """
    try:
        arguments = command(path, line, os.environ)
    except ValueError as error:
        return f"The editor cannot be started: {error}"
    return give_terminal(app, arguments, "editor", "$VISUAL or $EDITOR")


def give_terminal(app: App[None], arguments: Sequence[str], what: str, chosen: str) -> str | None:
    """Give the terminal to a program until it ends. Returns a problem for the user, or None.

    ``what`` it is, and by which variables it is ``chosen``, is for the words of the problem.
    """
    name = arguments[0]
    if shutil.which(name) is None:
        return f"There is no program {name}: set {chosen} to your {what}"
    try:
        with app.suspend():
            # Nothing may leave this block by an exception: Textual 8.2 would stay suspended.
            return _run(arguments, what)
    except SuspendNotSupported:
        return f"No {what} can be opened in this terminal"


def command(path: Path, line: int | None, environ: Mapping[str, str]) -> list[str]:
    """The command that edits a file: $VISUAL, else $EDITOR, else vi. Raises ValueError."""
    editor = shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or "vi")
    if not editor:
        raise ValueError("$VISUAL or $EDITOR is empty")
    place = [f"+{line}"] if line and Path(editor[0]).name in _TAKES_LINE else []
    # Absolute, because a name that begins with a dash would be taken for an option.
    return [*editor, *place, str(path.absolute())]


def _run(arguments: Sequence[str], what: str) -> str | None:
    """Run a program as a shell does: its keys, such as Ctrl-C, are signals for it alone."""
    name = arguments[0]
    try:
        program = subprocess.Popen(arguments, process_group=0)
    except OSError as error:
        return f"The {what} cannot be started: {one_line(error)}"
    with _able_to_take_it_back():
        stopped = True
        while stopped:
            _give_terminal_to(program.pid)
            # It has stopped itself if it wanted to read before the terminal was its own.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(program.pid, signal.SIGCONT)
            _, status = os.waitpid(program.pid, os.WUNTRACED)
            is_there = _give_terminal_to(os.getpgrp())
            if stopped := os.WIFSTOPPED(status):
                os.kill(os.getpid(), signal.SIGSTOP)  # to the shell, until its fg
    if not is_there:
        # The program in the foreground was sent the signal of that, and we were not.
        os.kill(os.getpid(), signal.SIGHUP)
    program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode < 0:
        return f"{name} was ended by {signal.Signals(-program.returncode).name}"
    return f"{name} ended with {program.returncode}" if program.returncode else None


def _give_terminal_to(group: int) -> bool:
    """Make a process group the one in the foreground, which gets what is typed (tcsetpgrp(3)).

    Returns whether there still is a terminal.
    """
    assert sys.__stdin__ is not None  # without a terminal there is no UI
    try:
        os.tcsetpgrp(sys.__stdin__.fileno(), group)
    except (ProcessLookupError, PermissionError):  # a group that has ended
        return True
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _able_to_take_it_back() -> Iterator[None]:
    """Ignore the signal that stops a process in the background which takes the terminal."""
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTTOU, before)
