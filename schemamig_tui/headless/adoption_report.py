"""Turns an adoption of another tool into events."""

from collections.abc import Iterator
from typing import Any

from schemamig_tui.authoring.adopt.adopt import Adoption


def adoption_events(adoption: Adoption) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of ``--json``, each with its name."""
    for file in adoption.files:
        yield (
            "file_adopted",
            {
                "source": str(file.source),
                "name": file.path.name,
                "path": str(file.path),
                "written": file.written,
                "applied": file.applied,
                "recorded": file.recorded,
                "applied_at": file.applied_at,
            },
        )
    yield (
        "adopted",
        {
            "tool": adoption.tool,
            "table": adoption.table,
            "written": adoption.written,
            "recorded": adoption.recorded,
            "pending": adoption.pending,
            "preview": adoption.preview,
        },
    )
