"""Which mode uses which flag.

A flag that the mode does not use is refused, because whoever gives it expects something of it. A
variable or a key in pyproject.toml is for all modes, so it is never refused.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from schemamig_tui.errors import SettingsError

ABOUT_ONE = {
    "new": ("TITLE", "write a new migration from a template, behind the newest one"),
    "new-rollback": ("FILE", "draft the migration that takes FILE back, and rehearse it"),
    "mark-applied": (
        "FILE",
        "record FILE as applied by hand, also where a try has failed: its row says MANUAL, which"
        " matches any content",
    ),
    "accept-checksum": (
        "FILE",
        "record the checksum that an applied FILE has now: its change is right, or its row says"
        " MANUAL",
    ),
    "accept-name": (
        "FILE",
        "record the name that a renamed FILE has now; its row is found by the checksum",
    ),
    "forget": (
        "FILE",
        "remove the row of FILE, which is gone from the folder, or whose failed try is to be"
        " forgotten",
    ),
    "baseline": (
        "FILE",
        "record all files up to FILE as applied by hand: for a database that was in use before",
    ),
    "adopt": (
        "TOOL",
        "take over the files of goose, dbmate, golang-migrate, sqlx, Flyway or node-pg-migrate in"
        " --dir, and its ledger; with --dry-run only show what would be done",
    ),
    "explain": ("RULE", "show what a rule of --lint is for: an unsafe and a safer script"),
    "diff": ("FILE", "show what has changed in FILE since it was applied, by the history of git"),
}
"""The modes that are about one thing: what that is, and what they do."""

DOCS = {
    "docs-generate": "write the schema of the database to PATH (docs/database/schema.dbml), as"
    " DBML, or as the ending of PATH says; what was written into it by hand stays",
    "docs-validate": "exit with 5 if PATH differs from the database",
}
"""The modes that are about a file with the schema."""

REPAIRS = ("mark-applied", "accept-checksum", "accept-name", "forget", "baseline")
"""The modes that change a row of the ledger."""

SHELLS = ("bash", "zsh", "fish")
"""The shells that ``--completion`` prints a script for."""

_UI = "the UI"
_RUNS = ("rehearse", "apply", _UI)
_USED_BY: dict[str, tuple[str, ...]] = {
    "to": ("dry-run", "rehearse", "apply", "lint"),
    "only": ("dry-run", "apply"),
    "skip_backfills": ("dry-run", "apply"),
    "resume": ("dry-run", "apply"),
    "yes": ("apply", "adopt", *REPAIRS),
    "read_only": (_UI,),
    "sql": ("dry-run",),
    "save_plan": ("dry-run",),
    "plan": ("apply",),
    "scratch": ("verify", "rehearse"),
    "report": ("rehearse",),
    "report_queries": ("rehearse",),
    "annotations": ("rehearse", "apply", "dry-run", "check", "lint"),
    "strict": ("dry-run", "apply"),
    "lint_error": ("dry-run", "apply"),
    "against": ("check", "lint"),
    "schema": (*DOCS,),
    "lint-level": ("lint", "dry-run", "apply"),
    "json": (
        "list",
        "dry-run",
        "rehearse",
        "apply",
        "check",
        "lint",
        "verify",
        "show-settings",
        *ABOUT_ONE,
        *DOCS,
    ),
    "log-file": _RUNS,
    "on-success": ("apply", _UI),
    "on-failure": ("apply", _UI),
    "alert-timeout": ("apply", _UI),
    "date-style": ("new", "new-rollback"),
    "template": ("new",),
    "lock-retries": ("apply", _UI),
    "run-lock-timeout": (*_RUNS, "adopt", *REPAIRS),
    "max-blocking": _RUNS,
    "pause-file": ("apply", _UI),
    "statement-timeout": (*_RUNS, "verify"),
    "warn-after": ("apply", _UI),
    "time-budget": ("rehearse", _UI),
    "advice-timeout": ("dry-run", _UI),
}
"""The flags that not every mode uses, with those that do."""


def refuse_useless(options: Mapping[str, Any], mode: str | None) -> None:
    """Raise SettingsError for a flag in ``options`` that ``mode`` does not use; None is the UI.

    A flag that was not given is None.
    """
    for flag, modes in _USED_BY.items():
        given = options[flag]
        if given is not None and (mode or _UI) not in modes:
            raise SettingsError(f"{_spelled(flag, given)} only goes with {_listed(modes)}")


def _spelled(flag: str, given: object) -> str:
    name = flag.replace("_", "-")
    return f"--no-{name}" if given is False else f"--{name}"


def _listed(modes: Iterable[str]) -> str:
    names = [mode if mode == _UI else f"--{mode}" for mode in modes]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
