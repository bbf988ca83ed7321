"""Says how a file and a database differ, in sentences, for the UI and the commands."""

from collections.abc import Iterator
from itertools import groupby

from schemamig_tui.docs.compare import Validated
from schemamig_tui.text import Styled, visible
from schemamig_tui.units import plural


def validated_lines(validated: Validated) -> Iterator[Styled]:
    """Both sides of each difference, or one line that there is none."""
    path = visible(str(validated.path))
    if not validated.differences:
        yield "plain", f"{path} is what the database has: {validated.document.counts}"
        return
    count = plural(len(validated.differences), "difference")
    sides = "- in the file, + in the database"
    yield "plain", f"{path} is not what the database has: {count} ({sides})"
    for where, found in groupby(validated.differences, key=lambda one: one.where):
        yield "strong", f"  {visible(where)}"
        for difference in found:
            if difference.what:
                yield "plain", f"    {visible(difference.what)}"
            indent = "      " if difference.what else "    "
            if difference.file is not None:
                yield "bad", f"{indent}- {visible(difference.file)}"
            if difference.database is not None:
                yield "good", f"{indent}+ {visible(difference.database)}"
