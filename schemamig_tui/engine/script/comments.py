"""What the comments of a file ask for: no transaction, or that a part of it is not run at all."""

from functools import cached_property

from schemamig_tui.engine.script.places import BOM, fault
from schemamig_tui.engine.script.source import Source
from schemamig_tui.sql import notes

# So many bytes of a file, or of a line, are looked at.
_HEAD = 32 * 1024
_LINE = 1024


class Comments:
    """Collects it while the file is cut.

    ``no_transaction`` is the directive that asks for that, with its offset; ``remarks`` are the
    offsets of directives that have no effect, each with the reason.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._way_back: tuple[int, str, str] | None = None
        self.no_transaction: tuple[int, notes.Directive] | None = None
        self.remarks: list[tuple[int, str]] = []

    @cached_property
    def _head(self) -> bytes:
        return self._source.read(0, _HEAD)

    def heed(self, offset: int) -> None:
        """Look at a comment that ``notes.NOTE`` has found. Raises FilesError."""
        comment = self._source.read(offset, offset + _LINE)
        if (asked := notes.our_directive(comment)) is not None:
            self._heed_ours(offset, asked, comment)
        elif self._starts_line(offset):
            if found := notes.way_back(comment):
                self._way_back = self._way_back or (offset, *found)
            elif directive := notes.no_transaction(comment):
                self._heed_theirs(offset, directive)

    def refuse_way_back(self, end: int) -> None:
        """Refuse the file where its statements, up to byte ``end``, go on in a way back.

        Raises FilesError. A way back with nothing in it does no harm.
        """
        if self._way_back is None or end < self._way_back[0]:
            return
        offset, tool, text = self._way_back
        raise fault(
            self._source,
            offset,
            f"The way back of a {tool} migration begins here ({text}): run with the rest,"
            " it would undo it.",
            hint="Remove this part. To undo a migration, add a new one that reverses it.",
        )

    def _heed_ours(self, offset: int, asked: str, comment: bytes) -> None:
        if asked == notes.OUT_OF_ORDER:
            if not notes.allows_out_of_order(self._source.read(0, offset) + comment):
                raise fault(
                    self._source,
                    offset,
                    "This directive counts in the comments at the top only.",
                    hint="Move it to the top of the file.",
                )
            return
        if asked != "no-transaction":
            shown = comment.splitlines()[0].decode(errors="replace").strip()
            raise fault(
                self._source,
                offset,
                f"This directive is not known: {shown}",
                hint="There are -- schemamig: no-transaction, and -- schemamig: out-of-order",
            )
        if self._source.read(0, min(offset, _LINE)).removeprefix(BOM).strip(b" \t"):
            raise fault(
                self._source,
                offset,
                "This directive counts in the first line only.",
                hint="Move it to the top of the file.",
            )
        self.no_transaction = offset, notes.OURS

    def _heed_theirs(self, offset: int, directive: notes.Directive) -> None:
        mark = len(BOM) if self._head.startswith(BOM) else 0
        if directive.counts(self._head[mark:], offset - mark):
            self.no_transaction = self.no_transaction or (offset, directive)
        else:
            why = f"{directive.tool} heeds it only {directive.where}"
            self.remarks.append((offset, f"{directive.text} has no effect here: {why}."))

    def _starts_line(self, offset: int) -> bool:
        """Whether only blanks are in front of a comment, or the # that Play puts there."""
        before = self._source.read(max(0, offset - _LINE), offset)
        end = max(before.rfind(b"\n"), before.rfind(b"\r"))
        if end < 0 and offset > _LINE:
            return False
        return not before[end + 1 :].removeprefix(BOM).strip(b" \t#")
