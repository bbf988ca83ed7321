"""The log file: every event of every run, appended as JSON lines, for whoever asks afterwards."""

import contextlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from schemamig_tui.connect import Target
from schemamig_tui.errors import SchemamigError, SettingsError
from schemamig_tui.reporting.json_events import RunAsJson, database_as_json, error_as_json
from schemamig_tui.text import visible

if TYPE_CHECKING:
    from schemamig_tui.rehearsal.events import RehearsalEvent


class LogFile:
    """Appends the events of one run to a file, which several runs may write at once.

    Each line has ``at`` (UTC, ISO 8601) and ``run``, the same for all lines of a run, and then what
    ``--json`` prints. A line is one write to a file that is open for appending, so that lines of
    several runs do not mix. Raises SettingsError where the file cannot be opened; where a line
    cannot be written, such as on a full disk, it writes no more, and ``lost`` says why: a run does
    not end because of its log. Which database it is, is its first line as soon as that is known.
    """

    def __init__(self, path: Path, target: Target, warn_after: float | None) -> None:
        self.lost: str | None = None
        self._target, self._is_identified = target, False
        self._as_json = RunAsJson(warn_after)
        self._path = path
        self._run = os.urandom(6).hex()
        try:
            self._file = _opened(path)
            if _is_cut_off(path):
                self._file.write(b"\n")
        except OSError as error:
            raise SettingsError(
                f"the log file {visible(str(path))} cannot be written: {error.strerror}"
            ) from error

    def take(self, event: "RehearsalEvent") -> None:
        """Append an event of the run. Raises nothing."""
        self._write(*self._as_json(event))

    def warning(self, message: str) -> None:
        """Append a warning. Raises nothing."""
        self._write("warning", {"message": message})

    def error(self, error: SchemamigError) -> None:
        """Append what has ended the run. Raises nothing."""
        self._write("error", error_as_json(error))

    def _write(self, event: str, values: dict[str, Any]) -> None:
        database = self._target.identity
        if database and not self._is_identified:
            self._is_identified = True
            self._append("connected", database_as_json(database))
        self._append(event, values)

    def _append(self, event: str, values: dict[str, Any]) -> None:
        if self.lost is not None:
            return
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "run": self._run, "event": event, **values}).encode() + b"\n"
        try:
            # Where a disk becomes full, a part is written, and only the next write is an error.
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            self.lost = f"the log file {visible(str(self._path))} ends early: {error.strerror}"

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _opened(path: Path) -> BinaryIO:
    """The file to append to. A pipe that nobody reads from is an OSError, and not waited for."""
    if hasattr(os, "O_NONBLOCK") and path.is_fifo():
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "wb", buffering=0)
    return path.open("ab", buffering=0)


def _is_cut_off(path: Path) -> bool:
    """Whether the last line of a file has no end, as a full disk leaves it."""
    with contextlib.suppress(OSError):  # it may be one that can only be written
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                file.seek(-1, os.SEEK_END)
                return file.read() != b"\n"
    return False
