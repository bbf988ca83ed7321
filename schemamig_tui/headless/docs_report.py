"""Reports what ``--docs-generate`` has written, for people."""

from collections.abc import Iterator

from schemamig_tui.docs.files import Generated
from schemamig_tui.text import visible


def generated_lines(generated: Generated) -> Iterator[str]:
    """The path, what is in it, and what is not."""
    yield visible(generated.sentence)
    yield from (f"  {visible(remark)}" for remark in generated.remarks)
