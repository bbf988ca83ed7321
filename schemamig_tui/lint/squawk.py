"""Runs squawk over files, and translates what it finds.

https://squawkhq.com, the package ``squawk-cli``. It counts lines and columns from 0, and columns
in bytes (seen in 2.70). It honours the ``.squawk.toml`` of the current folder and those above it.
"""

import atexit
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from operator import itemgetter
from pathlib import Path
from threading import Lock, Thread
from typing import IO, NamedTuple

from schemamig_tui.engine import Script
from schemamig_tui.engine.script.places import BOM
from schemamig_tui.lint.finding import LintFinding, Severity
from schemamig_tui.processes import kill_group
from schemamig_tui.text import visible

MISSING = "squawk is not installed, so its rules were not tried: pip install 'schemamig-tui[lint]'"

_UNREADABLE = (
    "its output cannot be read, so it may be too old: pip install --upgrade 'schemamig-tui[lint]'"
)

COVERED = frozenset(
    (
        "adding-not-nullable-field",
        "ban-concurrent-index-creation-in-transaction",
        "ban-drop-column",
        "ban-drop-database",
        "ban-drop-schema",
        "ban-drop-table",
        "ban-uncommitted-transaction",
        "prefer-robust-stmts",
        "require-concurrent-index-creation",
        "require-lock-timeout",
    )
)
"""Our own rules find the same, and know the database, the settings, or how the file is run."""

NOTES = frozenset(
    (
        "ban-char-field",
        "prefer-bigint-over-int",
        "prefer-bigint-over-smallint",
        "prefer-identity",
        "prefer-text-field",
        "prefer-timestamp-tz",
        "require-statement-timeout",
        "require-table-schema",
    )
)
"""Matters of taste, and what the settings of the role are the better place for."""

SYNTAX_ERROR = "syntax-error"
"""What squawk calls its errors; it is no rule that it could be asked about."""

_NESTING = "transaction-nesting"

PATIENCE = 60.0
"""How many seconds squawk may take: it reads thousands of files in this time."""

_PROMPT = 5.0  # seconds for a question about its own options

_LARGEST = 8 * 1024 * 1024
_RULE_NAME = re.compile(r"[a-z][a-z0-9-]*")
_UNKNOWN_RULE = re.compile(r"invalid rule name (\S+)")


class _SquawkItem(NamedTuple):
    """What squawk has found: its keys, as it prints them."""

    file: str
    rule_name: str
    line: int
    column: int
    message: str
    help: str | None


_values = itemgetter(*_SquawkItem._fields)


class _Call(NamedTuple):
    scripts: Mapping[str, Script]
    options: Sequence[str]
    result: Future[tuple[bytes, bytes]]
    """What it has printed, and its errors."""


class Squawk:
    """squawk, at work on files since it was made: at most two calls, one for each kind of file.

    They run beside each other and our own rules.
    """

    def __init__(self, scripts: Sequence[Script], server_version: int | None) -> None:
        self.remarks: list[str] = []
        self._calls: list[_Call] = []
        self._end = time.monotonic() + PATIENCE
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._closed = False
        self._closing = Lock()
        self._threads: list[Thread] = []
        program = _find()
        if program is None:
            self.remarks.append(MISSING)
            return
        fit = [script for script in scripts if self._is_fit(script)]
        for wrapped in (True, False):
            group = [script for script in fit if (script.mode == "transaction") is wrapped]
            if group:
                # Its arguments are patterns, and what begins with a dash would be an option.
                paths = {_as_argument(script.file.path): script for script in group}
                options = [*_options(server_version, wrapped), *map(glob.escape, paths)]
                shown = {_shown(path): script for path, script in paths.items()}
                self._calls.append(_Call(shown, options, Future()))
        atexit.register(self._kill)
        for call in self._calls:
            # A daemon: the program may end before squawk does, and then ends it.
            thread = Thread(target=self._work, args=(program, call), name="squawk", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """End what still runs."""
        atexit.unregister(self._kill)
        self._kill()
        for thread in self._threads:
            thread.join()

    def _kill(self) -> None:
        with self._closing:
            self._closed = True
            for process in self._processes:
                if process.poll() is None:
                    kill_group(process)

    def findings(self) -> Iterator[LintFinding]:
        """What it has found, when it is done."""
        for scripts, _, result in self._calls:
            try:
                output, errors = result.result(self._end - time.monotonic())
            except TimeoutError:
                self.remarks.append(f"squawk was given up after {PATIENCE:g} seconds")
                self.close()
                return
            except OSError as error:
                self.remarks.append(f"squawk could not be started: {error.strerror}")
                continue
            try:
                found = [
                    _SquawkItem._make(_values(one))
                    for one in json.loads(output)
                    if one["rule_name"] not in COVERED
                ]
            except (ValueError, KeyError, TypeError):
                reason = errors.decode(errors="replace").strip().partition("\n")[0]
                self.remarks.append(f"squawk has failed: {visible(reason) or _UNREADABLE}")
                continue
            places: dict[str, _Places] = {}
            for item in found:
                script = scripts.get(item.file)
                if script and not _is_mistaken(item, script):
                    if item.file not in places:
                        places[item.file] = _Places(script)
                    if finding := _translated(item, script, places[item.file]):
                        yield finding

    def _is_fit(self, script: Script) -> bool:
        """Whether squawk can read a file: one that is not UTF-8 would end it for all files."""
        if script.file.size <= _LARGEST:
            try:
                script.data.decode()
            except UnicodeDecodeError:
                why = "is not UTF-8"
            else:
                return True
        else:
            why = "is too large"
        self.remarks.append(f"squawk has not looked at {visible(script.file.name)}, which {why}")
        return False

    def _work(self, program: str, call: _Call) -> None:
        try:
            call.result.set_result(self._run(program, call.options))
        except OSError as error:  # it belongs to the one who waits
            call.result.set_exception(error)

    def _run(self, program: str, options: Sequence[str]) -> tuple[bytes, bytes]:
        # Pipes would be full while our own rules are at work, and keep squawk waiting.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            with self._closing:
                if self._closed:
                    return b"", b""
                process = _started(program, options, output, errors)
                self._processes.add(process)
            process.wait()
            with self._closing:
                self._processes.remove(process)
            output.seek(0)
            errors.seek(0)
            return output.read(), errors.read()


class _Places:
    """Where in a file squawk's places are: its columns count bytes, those of a BOM as well."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._starts = [script.line(i) for i in range(len(script))]
        data = script.data
        self._mark = len(BOM) if data.startswith(BOM) else 0
        self._is_ascii = data.isascii()

    def column(self, line: int, end: int) -> int:
        """The column behind so many bytes of a line."""
        if line == 1:
            end -= self._mark
        if end == 0 or self._is_ascii:
            return 1 + end
        text = self._script.source_line(line).encode()[:end]
        return 1 + len(text.decode(errors="replace"))

    def statement(self, line: int, end: int) -> int | None:
        """The statement that the same place is in; None: it is in none."""
        starts, script = self._starts, self._script
        i = bisect_right(starts, line) - 1
        # The column is needed only where several begin in the line.
        while i > 0 and starts[i] == line and self._begins_behind(i, self.column(line, end)):
            i -= 1
        if i < 0 or line > starts[i] + script.sql(i).count(b"\n"):
            return None
        return i

    def _begins_behind(self, i: int, column: int) -> bool:
        return (self._script.locate(i, 1, "utf-8").column or 1) > column


def _is_mistaken(item: _SquawkItem, script: Script) -> bool:
    """Whether it has taken ROLLBACK TO SAVEPOINT, or AND CHAIN, for the end of a transaction.

    (Seen in 2.70.) The script warns of what really is nested, or ends nothing.
    """
    return item.rule_name == _NESTING and all(
        warning.line != item.line + 1 for warning in script.warnings
    )


def _translated(item: _SquawkItem, script: Script, places: _Places) -> LintFinding | None:
    line = item.line + 1
    statement = places.statement(line, item.column)
    severity = Severity.NOTE if item.rule_name in NOTES else Severity.WARNING
    if item.rule_name == SYNTAX_ERROR:
        # Only the server knows for sure. It knows no data, psql's commands and :from.
        if statement is None or statement in script.batched:
            return None
        item = item._replace(message=f"squawk cannot read this: {item.message}")
    return LintFinding(
        item.rule_name,
        severity,
        script.file.name,
        line,
        item.message.rstrip("."),
        item.help and item.help.rstrip("."),
        column=places.column(line, item.column),
        statement=statement,
    )


def unknown_to_squawk(names: Iterable[str]) -> set[str] | None:
    """Those of the names that are no rules of squawk; None: it cannot be asked."""
    program = _find()
    if program is None:
        return None
    known = {name for name in names if _RULE_NAME.fullmatch(name)}
    unknown = set(names) - known
    while known:
        # It looks at its options first, and names one rule that it does not know.
        options = [f"--exclude={','.join(sorted(known))}", "--version"]
        try:
            asked = _started(program, options)
        except OSError:
            return None
        try:
            _, errors = asked.communicate(timeout=_PROMPT)
        except subprocess.TimeoutExpired:
            _end(asked)
            return None
        if asked.returncode == 0:
            break
        refused = _UNKNOWN_RULE.search(errors.decode(errors="replace"))
        if refused is None or refused[1] not in known:
            return None
        known.remove(refused[1])
        unknown.add(refused[1])
    return unknown


def _started(
    program: str,
    options: Sequence[str],
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
) -> "subprocess.Popen[bytes]":
    # It has a thread for each processor (rayon). One is left to our own rules, which are at work at
    # the same time and take about as long.
    threads = max(1, (os.cpu_count() or 1) - 1)
    return subprocess.Popen(
        [program, *options],
        env={"RAYON_NUM_THREADS": str(threads), **os.environ},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,  # that of npm is a script, which starts the program
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    kill_group(process)
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()


def _find() -> str | None:
    """The program of the same Python, or else the one on the PATH."""
    import shutil

    beside = str(Path(sys.executable).parent)
    return shutil.which("squawk", path=beside) or shutil.which("squawk")


def _options(server_version: int | None, wrapped: bool) -> Iterator[str]:
    yield "--reporter=json"
    yield "--no-error-on-unmatched-pattern"
    if wrapped:
        yield "--assume-in-transaction"
    if server_version:
        yield f"--pg-version={server_version // 10000}.{server_version % 10000}"


def _as_argument(path: Path) -> str:
    text = str(path)
    return f"./{text}" if text.startswith("-") else text


def _shown(argument: str) -> str:
    """The path as squawk writes it."""
    return argument.removeprefix("./")
