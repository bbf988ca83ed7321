"""Notes a sequence that keeps its type although the type of its column changes."""

from collections.abc import Iterator, Sequence

from schemamig_tui.advice.advice import Advice, note
from schemamig_tui.advice.catalog import Catalog
from schemamig_tui.advice.progress import steps
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.actions import Does
from schemamig_tui.sql.type_names import type_name


def left_behind(uses: Sequence[Use], catalog: Catalog) -> Iterator[Advice]:
    """A note on each sequence of a serial column that does not become a bigint with its column.

    That of an identity column does.
    """
    altered = {use.touch.name.name for use in uses if use.touch.statement == "ALTER SEQUENCE"}
    for _, use, table, ahead in steps(enumerate(uses), catalog):
        for action in use.touch.actions if table else ():
            column = ahead.columns.get((table.oid if table else 0, action.column or ""))
            new = ahead.types.get(type_name(action.type) or "")
            sequence = column.short_sequence if column else None
            if action.does is not Does.SET_TYPE or not sequence or not new:
                continue
            if new.written == "bigint" and sequence.rpartition(".")[2].strip('"') not in altered:
                yield note(
                    f"The sequence {sequence} stays smaller than {action.column}, which becomes a"
                    " bigint: the values end where they ended before.",
                    hint=f"ALTER SEQUENCE {sequence} AS bigint;",
                    file=use.file,
                    line=use.line,
                )
