"""All errors that a user can see, each with its exit code.

::

    SchemamigError                 1
      SettingsError                2   a flag, a variable, the settings file
      FilesError                   2   the folder, or a file in it that cannot be a migration
      LedgerError                  2   the ledger cannot be used as it is, or not by this role
      RightsMissing                2   the role may not ask what a run has to know
      PlanChanged                  2   something else would run than what was planned
      DriftError                   2   the files are not what has been run (``--strict``)
      LintRefusal                  5   there are findings (``--lint-error``)
      ConnectionFailed             3   no server answered
        ConnectionLost             3   a server answered, and then no more
          AppliedLost              3   and what had been applied is not there any more
        PasswordWanted             3   the server asks for a password that it was not given
      LockTimeout                  4   another run, or a session with the ledger, takes too long
      Interrupted                130   the user asked to stop

A migration that fails is not an error of the program but a result of a run: see
``engine.events.FileFailed``. A bug of the program is no SchemamigError, and leads to 70 (the
EX_SOFTWARE of sysexits.h). The exit codes stand in ``ExitCode`` and nowhere else.
"""

from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Self

_MOST_DIFFERENCES = 3


class ExitCode(IntEnum):
    """The exit codes of a headless command; ``meaning`` is what each says, in words for people."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "done"
    MIGRATION_FAILED = 1, "a migration failed"
    USAGE = 2, "wrong usage, settings or files"
    NO_CONNECTION = 3, "no connection to the database, or it was lost"
    LOCKED = 4, "another run or session held a lock for too long, or there was a deadlock"
    CHECK_FAILED = (
        5,
        "--check found pending, failed, changed or missing migrations, --lint or --lint-error"
        " errors, --docs-validate or --verify a difference, or --rehearse a file that takes longer"
        " than --time-budget",
    )
    INTERNAL = 70, "a bug in this program"
    INTERRUPTED = 130, "interrupted"


class SchemamigError(Exception):
    """An error with one clear message and, where there is one, a way out.

    ``message`` says what is wrong, ``hint`` what to do about it. Neither may ever hold a secret.
    """

    exit_code = ExitCode.MIGRATION_FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def placed_message(self) -> str:
        """The message, behind the place in a file that it is about, where it is about one."""
        return self.message


class SettingsError(SchemamigError):
    """A flag, an environment variable or a key in pyproject.toml does not make sense."""

    exit_code = ExitCode.USAGE


class PoolingRefused(SettingsError):
    """A connection pooler does not give a run one session from its beginning to its end."""


class FilesError(SchemamigError):
    """The folder, or a file in it, cannot be used. Raised before anything has run.

    ``line`` and ``column`` are 1-based, ``column`` counts characters.
    """

    exit_code = ExitCode.USAGE

    def __init__(
        self,
        message: str,
        *,
        path: Path,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line
        self.column = column

    @property
    def place(self) -> str:
        """``path:line:column``, as far as known: what editors and terminals make clickable."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part)

    @property
    def placed_message(self) -> str:
        """The place and the message."""
        return f"{self.place}: {self.message}"


class LedgerError(SchemamigError):
    """The ledger table has another shape, or the role may not create, read or write it."""

    exit_code = ExitCode.USAGE


class RightsMissing(SchemamigError):
    """The role may not call, or read, what PostgreSQL lets everybody call and read."""

    exit_code = ExitCode.USAGE


class PlanChanged(SchemamigError):
    """What was planned, and perhaps approved, is not what would run now. Nothing has run.

    ``differences`` are sentences without a full stop: what is not as it was.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, differences: Sequence[str]) -> None:
        shown = [*differences[:_MOST_DIFFERENCES]]
        if more := len(differences) - len(shown):
            shown.append(f"and {more:,} more")
        super().__init__(
            f"this is not what was planned any more: {'; '.join(shown)}",
            hint="--dry-run shows what would run now",
        )
        self.differences = tuple(differences)


class DriftError(SchemamigError):
    """The files are not what the ledger says has been run, and nothing is to run then."""

    exit_code = ExitCode.USAGE


class LintRefusal(SchemamigError):
    """There are findings in what is to run, and nothing is to run then."""

    exit_code = ExitCode.CHECK_FAILED


class ConnectionFailed(SchemamigError):
    """No server answered, or it did not let us in."""

    exit_code = ExitCode.NO_CONNECTION


class ConnectionLost(ConnectionFailed):
    """The server went away after it had answered."""


class AppliedLost(ConnectionLost):
    """What a run has told as applied is not in the ledger that answers now."""


class PasswordWanted(ConnectionFailed):
    """The server asks for a password, and got none, or one that it does not take."""


class LockTimeout(SchemamigError):
    """Another run holds the run lock, or a session the ledger, for longer than we may wait."""

    exit_code = ExitCode.LOCKED


class Interrupted(SchemamigError):
    """The user asked to stop before there was anything to cancel."""

    exit_code = ExitCode.INTERRUPTED
