"""Advice as values for JSON: those of an event, and of a report."""

from typing import Any

from schemamig_tui.advice.advice import Advice


def advice_as_json(advice: Advice) -> dict[str, Any]:
    """The values of the event ``advice``."""
    return {
        "severity": advice.severity,
        "message": advice.message,
        "hint": advice.hint,
        "name": advice.file,
        "line": advice.line,
    }
