"""The log file: every event of every run, appended as JSON lines, for whoever asks afterwards."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemamig_tui.errors import SettingsError
from schemamig_tui.text import visible


class LogFile:
    """Appends the events of one run to a file, which several runs may write at once.

    Each line has ``at`` (UTC, ISO 8601) and ``run``, the same for all lines of a run, and then what
    ``--json`` prints. A line is one write to a file that is open for appending, so that lines of
    several runs do not mix. Raises SettingsError where the file cannot be opened; where a line
    cannot be written, such as on a full disk, it writes no more, and ``lost`` says why: a run does
    not end because of its log.
    """

    def __init__(self, path: Path) -> None:
        self.lost: str | None = None
        self._path = path
        self._run = os.urandom(6).hex()
        try:
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise SettingsError(
                f"the log file {visible(str(path))} cannot be written: {error.strerror}"
            ) from error

    def write(self, event: str, values: dict[str, Any]) -> None:
        """Append an event. Raises nothing."""
        if self.lost is not None:
            return
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "run": self._run, "event": event, **values})
        try:
            self._file.write(line.encode() + b"\n")
        except OSError as error:
            self.lost = f"the log file {visible(str(self._path))} ends early: {error.strerror}"

    def close(self) -> None:
        """Close the file."""
        self._file.close()
