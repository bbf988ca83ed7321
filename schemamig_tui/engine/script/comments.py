"""Reads the directives in the comments of a file, our own and those of other tools."""

from functools import cached_property
from typing import NamedTuple

from schemamig_tui.engine.script.places import BOM, fault
from schemamig_tui.engine.script.source import Source
from schemamig_tui.sql import directives

# How many bytes are looked at: of a file, of a line, and of a line with our own directive.
_HEAD = 32 * 1024
_LINE = 1024
_OUR_LINE = 32 * 1024
_BATCHES: dict[str, directives.Word] = {
    directives.BACKFILL: directives.BACKFILL,
    directives.REPEAT: directives.REPEAT,
}
# The tools that --adopt knows, of those that have both ways in one file.
_ADOPTED = ("goose", "dbmate", "node-pg-migrate")


class BatchesAsked(NamedTuple):
    """A line of a directive for batches, at byte ``offset``; its options begin at ``start``."""

    offset: int
    word: directives.Word
    start: int
    options: bytes


class Comments:
    """Collects directives while the file is cut into statements.

    ``no_transaction`` is the directive for no transaction, with its offset; ``remarks`` are the
    offsets of directives that have no effect, each with the reason. ``batches`` has the directives
    for batches, line by line, by the number of the statement behind them; ``waiting`` are those
    whose statement has not been cut yet. ``required`` are the offsets of ``requires`` directives,
    each with the name of the file that has to be applied before. ``allowed`` are the offsets of
    ``allow`` directives, each with the text behind that word.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._way_back: tuple[int, str, str] | None = None
        self.no_transaction: tuple[int, directives.Directive] | None = None
        self.remarks: list[tuple[int, str]] = []
        self.batches: dict[int, list[BatchesAsked]] = {}
        self.waiting: list[BatchesAsked] = []
        self.required: list[tuple[int, str]] = []
        self.allowed: list[tuple[int, str]] = []

    @cached_property
    def _head(self) -> bytes:
        return self._source.read(0, _HEAD)

    def heed(self, offset: int) -> None:
        """Look at a comment that ``directives.CANDIDATE`` has found. Raises FilesError."""
        comment = self._source.read(offset, offset + _LINE)
        if (asked := directives.our_directive(comment)) is not None:
            self._heed_ours(offset, asked)
        elif self._starts_line(offset):
            if found := directives.way_back(comment, self._head[:offset]):
                self._way_back = self._way_back or (offset, *found)
            elif directive := directives.no_transaction(comment):
                self._heed_theirs(offset, directive)
            elif directives.is_filled_in(comment):
                raise fault(
                    self._source,
                    offset,
                    "goose would put values of its environment in the place of ${NAME} from here"
                    " on: here that would stay as it is.",
                    hint="Write the values themselves, and remove this line.",
                )

    def refuse_way_back(self, end: int) -> None:
        """Refuse the file where statements, which end at byte ``end``, belong to a way back.

        Raises FilesError. A way back without statements does no harm.
        """
        if self._way_back is None or end < self._way_back[0]:
            return
        offset, tool, text = self._way_back
        article = "an" if tool[0] in "AEIOU" else "a"
        hint = "Remove this part. To undo a migration, add a new one that reverses it."
        if tool in _ADOPTED:
            hint += f" --adopt {tool} takes over a whole folder without such parts."
        raise fault(
            self._source,
            offset,
            f"The way back of {article} {tool} migration begins here ({text}): run with the rest,"
            " it would undo it.",
            hint=hint,
        )

    def take_statement(self, number: int, start: int) -> None:
        """Assign the waiting directives to the statement that starts at byte ``start``.

        Raises FilesError for a directive inside of the statement.
        """
        if not self.waiting:
            return
        if inside := next((line for line in self.waiting if line.offset > start), None):
            raise fault(
                self._source,
                inside.offset,
                f"The directive {inside.word} stands in the middle of a statement.",
                hint="Move it in front of the statement.",
            )
        self.batches[number] = self.waiting
        self.waiting = []

    def refuse_idle(self, first: int | None) -> None:
        """Refuse directives that no statement follows, and those too far down.

        ``first`` is the byte at which the first statement starts. Raises FilesError.
        """
        for line in self.waiting:
            raise fault(
                self._source,
                line.offset,
                f"There is no statement behind the directive {line.word}.",
                hint="Put it right in front of the statement that is to run in batches.",
            )
        for offset, _ in self.required:
            if first is not None and offset > first:
                raise fault(
                    self._source,
                    offset,
                    "This directive counts in front of the first statement only.",
                    hint="Move it to the top of the file.",
                )

    def _heed_ours(self, offset: int, asked: directives.Asked) -> None:
        if len(asked.rest) + asked.offset >= _LINE:
            longer = directives.our_directive(self._source.read(offset, offset + _OUR_LINE))
            asked = longer or asked
        if word := _BATCHES.get(asked.word):
            self.waiting.append(BatchesAsked(offset, word, offset + asked.offset, asked.rest))
        elif asked.word == "requires" and asked.rest:
            self.required.append((offset, asked.rest.decode(errors="surrogateescape")))
        elif asked.word == directives.ALLOW:
            self.allowed.append((offset, asked.rest.decode(errors="replace")))
        elif asked.word == "no-transaction" and not asked.rest:
            self._heed_no_transaction(offset)
        elif asked.word == directives.OUT_OF_ORDER and not asked.rest:
            self._heed_out_of_order(offset)
        else:
            shown = f"{asked.word} {asked.rest.decode(errors='replace')}".strip()
            raise fault(
                self._source,
                offset,
                f"This directive is not known: -- schemamig: {shown}",
                hint="There are no-transaction, out-of-order, requires FILE, repeat,"
                " allow RULE: reason, and backfill table=... key=...",
            )

    def _heed_out_of_order(self, offset: int) -> None:
        if not directives.allows_out_of_order(self._source.read(0, offset + _LINE)):
            raise fault(
                self._source,
                offset,
                "This directive counts in the comments at the top only.",
                hint="Move it to the top of the file.",
            )

    def _heed_no_transaction(self, offset: int) -> None:
        if self._source.read(0, min(offset, _LINE)).removeprefix(BOM).strip(b" \t"):
            raise fault(
                self._source,
                offset,
                "This directive counts in the first line only.",
                hint="Move it to the top of the file.",
            )
        self.no_transaction = offset, directives.OURS

    def _heed_theirs(self, offset: int, directive: directives.Directive) -> None:
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
