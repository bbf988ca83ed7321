"""A plan of the server, as EXPLAIN (FORMAT JSON) gives it."""

from collections.abc import Iterator, Mapping
from typing import Any


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All nodes of a plan, from the top."""
    if plan:
        yield plan
        for below in plan.get("Plans", []):
            yield from nodes(below)
