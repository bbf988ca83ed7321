"""Turns the result of a verification into events, for programs."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from schemamig_tui.reporting.json_events import as_json
from schemamig_tui.scratch.verified import SchemaVerification


def verification_events(found: SchemaVerification) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the values of each: the failure or the differences, and how it ended."""
    replayed = found.replayed
    if replayed.failed:
        yield as_json(replayed.failed)
    if comparison := found.comparison:
        for side, changes in (
            ("database", comparison.unmade),
            ("migrations", comparison.lacking),
            ("both", comparison.differing),
        ):
            for change in changes:
                yield "verify_difference", {"there": side, "change": asdict(change)}
        for reordered in comparison.reordered:
            yield "columns_reordered", asdict(reordered)
    yield (
        "verified",
        {
            "scratch": found.scratch,
            "ran": list(replayed.ran),
            "remembered": replayed.remembered,
            "failed": replayed.failed.name if replayed.failed else None,
            "remaining": list(replayed.not_run),
            "differences": comparison.differences if comparison else None,
            "same": found.same,
            "scratch_may_be_why": found.scratch_may_be_why,
        },
    )
