"""A rehearsal as values for JSON, as a page of JSON has them."""

from dataclasses import asdict
from typing import Any

from schemamig_tui._version import __version__
from schemamig_tui.rehearsal.events import LocksTaken
from schemamig_tui.reporting.advice_json import advice_as_json
from schemamig_tui.reporting.json_events import as_json
from schemamig_tui.reporting.rehearsal_page import (
    FORMAT_NAME,
    FileOnPage,
    RehearsalPage,
    StatementOnPage,
)

FORMAT = 1


def page_as_json(page: RehearsalPage) -> dict[str, Any]:
    """The page as values for JSON; the events in it are as with ``--json``."""
    return {
        FORMAT_NAME: FORMAT,
        "made_by": f"schemamig-tui {__version__}",
        "database": str(page.database) if page.database else None,
        "on_scratch": as_json(page.on_scratch)[1] if page.on_scratch else None,
        "finished": as_json(page.finished)[1] if page.finished else None,
        "advice": [{**advice_as_json(one), "message": page.message(one)} for one in page.advice],
        "files": [_file(one) for one in page.files.values()],
    }


def _file(file: FileOnPage) -> dict[str, Any]:
    outcome, values = as_json(file.end) if file.end else ("", {})
    return {
        "name": file.name,
        "outcome": outcome.removeprefix("file_") or None,
        **values,
        "statements": [_statement(one) for one in file.statements],
        "other_statements": file.quiet,
    }


def _statement(one: StatementOnPage) -> dict[str, Any]:
    named = ("name", "statement", "line")
    locks = as_json(LocksTaken("", 0, 0, tuple(one.locks)))[1]["locks"]
    work = [as_json(done)[1] for done in one.work]
    return {
        "statement": one.finished.statement,
        "line": one.finished.line,
        "tag": one.finished.tag,
        "ms": one.finished.ms,
        "locks": locks,
        "rewritten": one.rewritten,
        "sizes": [asdict(size) for size in one.sizes],
        "work": [{key: done[key] for key in done if key not in named} for done in work],
    }
