"""A plan of the server, as EXPLAIN (FORMAT JSON) gives it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemamig_tui.engine.backfill.questions import Questions, ask

Plan = Mapping[str, Any]
"""A node with those below it."""


def explained(
    query: str, values: Sequence[str] = (), types: tuple[int, ...] | None = None
) -> Questions[Plan]:
    """Ask for the plan of a query."""
    rows = yield from ask(f"EXPLAIN (FORMAT JSON) {query}", values, types)
    plan: Plan = json.loads(rows[0][0] or "")[0]["Plan"]
    return plan


def nodes(plan: Plan) -> Iterator[Plan]:
    """All nodes of a plan, from the top."""
    if plan:
        yield plan
        for below in plan.get("Plans", []):
            yield from nodes(below)
