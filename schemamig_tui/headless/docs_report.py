"""What has become of the documentation, for people."""

from collections.abc import Iterator
from itertools import groupby

from schemamig_tui.docs.compare import Validated
from schemamig_tui.docs.document import Document
from schemamig_tui.docs.files import Generated
from schemamig_tui.headless.output import Output
from schemamig_tui.text import visible
from schemamig_tui.units import plural

_STATES = {"created": "Created", "changed": "Changed", "unchanged": "Nothing to change in"}


def generated_lines(generated: Generated) -> Iterator[str]:
    """The path, what is in it, and what is not."""
    document = generated.document
    path = visible(str(generated.path))
    yield f"{_STATES[generated.state]} {path}: {_counts(document)}"
    if document.beyond:
        yield f"  {plural(document.beyond, 'thing')} that DBML has no words for: in the notes"
    if document.left_out:
        yield f"  {plural(document.left_out, 'object')} in no schema, such as extensions: left out"
    for name in generated.lost:
        yield f"  {visible(name)} is gone, and with it what was written of it by hand"


def validated_lines(validated: Validated, out: Output) -> Iterator[str]:
    """Both sides of each difference, or one line that there is none."""
    path = visible(str(validated.path))
    if not validated.differences:
        yield f"{path} is what the database has: {_counts(validated.document)}"
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


def _counts(document: Document) -> str:
    return ", ".join(
        (
            plural(len(document.tables), "table"),
            plural(len(document.enums), "enum"),
            plural(len(document.refs), "foreign key"),
        )
    )
