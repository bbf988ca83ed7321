"""Writes sentences about an adoption of another tool, for the UI and the commands."""

from collections.abc import Iterator

from schemamig_tui.authoring.adopt.adopt import AdoptedFile, Adoption
from schemamig_tui.text import visible
from schemamig_tui.units import plural


def file_lines(adoption: Adoption) -> Iterator[str]:
    """A line for each file that is new to folder or ledger; safe to show."""
    for file in adoption.files:
        if file.written or file.recorded:
            yield visible(f"{file.source} -> {file.path}: {_state(file)}")


def summary(adoption: Adoption) -> str:
    """How many files and rows that is."""
    if not adoption.written and not adoption.recorded:
        return f"Nothing to take over from {adoption.tool}: all of it is here."
    would = "would be " if adoption.preview else ""
    return (
        f"{plural(adoption.written, 'file')} {would}written,"
        f" {adoption.recorded} {would}recorded as applied, {adoption.pending} pending"
    )


def _state(file: AdoptedFile) -> str:
    if file.recorded:
        return f"applied, {file.applied_at}" if file.applied_at else "applied"
    return "applied already" if file.applied else "pending"
