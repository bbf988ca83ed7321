"""What has become of the documentation, for people."""

from collections.abc import Iterator
from itertools import groupby

from schemamig_tui.docs.compare import Validated
from schemamig_tui.docs.files import Generated
from schemamig_tui.headless.output import Output
from schemamig_tui.text import visible
from schemamig_tui.units import plural


def generated_lines(generated: Generated) -> Iterator[str]:
    """The path, what is in it, and what is not."""
    yield visible(generated.sentence)
    yield from (f"  {visible(remark)}" for remark in generated.remarks)


def validated_lines(validated: Validated, out: Output) -> Iterator[str]:
    """Both sides of each difference, or one line that there is none."""
    path = visible(str(validated.path))
    if not validated.differences:
        yield f"{path} is what the database has: {validated.document.counts}"
        return
    count = plural(len(validated.differences), "difference")
    yield f"{path} is not what the database has: {count} (- in the file, + in the database)"
    for where, found in groupby(validated.differences, key=lambda one: one.where):
        yield f"  {out.paint('bold', visible(where))}"
        for difference in found:
            if difference.what:
                yield f"    {visible(difference.what)}"
            indent = "      " if difference.what else "    "
            if difference.file is not None:
                yield out.paint("red", f"{indent}- {visible(difference.file)}")
            if difference.database is not None:
                yield out.paint("green", f"{indent}+ {visible(difference.database)}")
