"""A migration file as statements, and how it has to be run.

``parse`` reads a file once and keeps the offsets of its statements, not their text. Whatever in the
file psql would run otherwise than it was meant is an error here, before anything runs.
"""

import copy
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

from schemamig_tui.engine.events import Mode, Place
from schemamig_tui.engine.script.cutter import Cutter
from schemamig_tui.engine.script.files import MigrationFile
from schemamig_tui.engine.script.modes import ScriptWarning, decide, in_block, in_blocks
from schemamig_tui.engine.script.places import BOM, Lines, line_offset, line_start
from schemamig_tui.engine.script.source import HELD, Source
from schemamig_tui.sql.assignments import is_true
from schemamig_tui.sql.bodies import body, creates
from schemamig_tui.sql.dialect import Dialect
from schemamig_tui.sql.encodings import python_codec
from schemamig_tui.sql.lexer import whole_word
from schemamig_tui.sql.new_session import ANY_TRACES, Traces, traces_of
from schemamig_tui.sql.traits import ORDINARY, Kind, Traits

if TYPE_CHECKING:  # most files have no batches
    from schemamig_tui.engine.script.batched import BatchedStatement

__all__ = ["Kind", "Script", "ScriptWarning", "parse", "read_again"]

# Small enough to stay in the caches of a processor on the way through the server.
_COPY_PIECE = 64 * 1024
_LONGEST_LINE = 1024 * 1024
# A new session costs less time than to look through a text of so many bytes, and less than a tenth
# of the time that such a file takes.
_LONGEST_TEXT = 1024 * 1024
_USUAL = Dialect()


def parse(file: MigrationFile, dialect: Dialect = _USUAL) -> "Script":
    """Cut a file into statements and decide how it has to be run.

    ``dialect`` is that of the session in which the file is to run; the file may change how strings
    are read. Raises FilesError, with the place and what to do, for a file that psql would not run
    as it was meant, and for one that has changed since ``file`` was scanned.
    """
    source = Source(file.path)
    try:
        trusted = source.size > HELD and source.stamp == file.stamp
        cutter = Cutter(source, trusted=trusted, standard_strings=dialect.standard_strings)
        cutter.run(file.checksum)
        script = Script(file, source, cutter, dialect)
        if source.size > HELD:
            _ = script.traces  # while the file is surely what it was
        return script
    finally:
        source.release()


def read_again(changer: str) -> str:
    """The sentence about a file that cannot be run as it is read now, but perhaps later."""
    return f"But it is read again when {changer} has run, which may change how."


class Script:
    """The statements of one file, by number from 0, and how the file has to be run.

    ``mode`` and ``reason`` say how and why; ``begin`` is the number of its BEGIN where the file
    brings its own transaction, whose COMMIT is then the last statement. ``ignored`` are statements
    without effect, because no transaction is open there. ``batched`` are those that run in batches;
    ``required`` are files that have to be applied before, each with its line. ``allowed`` has the
    lines of ``allow`` directives, each with the text behind that word.

    A small file is in memory. A big one is opened when needed, and ``release`` closes it; any
    method that reads it raises FilesError when it is no longer what ``parse`` read. It is for one
    thread: see ``apart``.
    """

    def __init__(self, file: MigrationFile, source: Source, cut: Cutter, dialect: Dialect) -> None:
        self.file = file
        self._source = source
        self._starts: array[int] = cut.starts
        self._ends: array[int] = cut.ends
        self._traits: dict[int, Traits] = cut.traits
        self._copies = cut.copies
        self._encodings = cut.encodings
        self._lines = Lines(source)
        decision = decide(cut, self._lines, dialect)
        self.batched: Mapping[int, BatchedStatement] = {}
        if cut.comments.batches:
            from schemamig_tui.engine.script.batched import read_batched

            self.batched = read_batched(cut, self._lines)
        self.required = tuple(
            (self._lines.line(offset), name) for offset, name in cut.comments.required
        )
        self.allowed = tuple(
            (self._lines.line(offset), text) for offset, text in cut.comments.allowed
        )
        self.mode: Mode = decision.mode
        self.reason: str = decision.reason
        self.begin: int = decision.begin
        self.ignored: frozenset[int] = decision.ignored
        self.warnings: tuple[ScriptWarning, ...] = decision.warnings
        self._standard_strings = dialect.standard_strings
        self._counts_bytes = dialect.counts_bytes

    def __len__(self) -> int:
        return len(self._starts)

    def sql(self, i: int) -> bytes:
        """Statement ``i`` from its first word up to its semicolon, without it.

        psql sends the semicolon too, and the block comments in front.
        """
        return self._source.read(self._starts[i], self._ends[i])

    def line(self, i: int) -> int:
        """The line where statement ``i`` starts."""
        return self._lines.line(self._starts[i])

    def kind(self, i: int) -> Kind:
        """The kind of statement ``i``, which decides how it is run."""
        return self.traits(i).kind

    def traits(self, i: int) -> Traits:
        """What there is to know about statement ``i``."""
        return self._traits.get(i, ORDINARY)

    def in_block(self, i: int) -> bool:
        """Whether statement ``i`` is in a transaction of the file's own."""
        return in_block(self._traits, i)

    def in_blocks(self) -> Iterator[bool]:
        """The same of each statement in turn, and without an end."""
        return in_blocks(self._traits)

    @cached_property
    def traces(self) -> Traces:
        """What the file may leave in its session, or notice there of files before it.

        A run of one file does not need this.
        """
        data = sum(end - start for start, end in self._copies.values())
        if self._source.size - data > _LONGEST_TEXT:
            return ANY_TRACES
        pieces, position = [], 0
        for start, end in self._copies.values():
            pieces.append(self._source.read(position, start))
            position = end
        pieces.append(self._source.read(position, self._source.size))
        standard = self._standard_strings
        for traits in self._traits.values():
            if traits.assigns and traits.assigns.name == "standard_conforming_strings":
                standard &= is_true(traits.assigns.value)
        return traces_of(b"".join(pieces), standard_strings=standard)

    @property
    def changes_reading(self) -> bool:
        """Whether files behind this one may have to be cut in another way."""
        return any(traits.changes_reading for traits in self._traits.values())

    @property
    def special(self) -> Mapping[int, Traits]:
        """The traits of those statements, by number, whose kind matters to a run."""
        return self._traits

    def copy_data(self, i: int) -> Iterator[bytes]:
        """The data behind the COPY that statement ``i`` is, in pieces of up to 64 KiB."""
        start, end = self._copies[i]
        while start < end:
            piece = self._source.read(start, min(end, start + _COPY_PIECE))
            yield piece
            start += len(piece)

    def contains(self, word: str) -> bool:
        """Whether a word is found in any statement, in upper or lower case."""
        return self.matches(whole_word(word))

    def matches(self, pattern: re.Pattern[bytes]) -> bool:
        """Whether a pattern is found in any statement."""
        return any(pattern.search(self.sql(i)) for i in range(len(self)))

    def encoding_at(self, i: int) -> str | None:
        """The Python name of the client encoding that the file has set in front of statement ``i``.

        The server tells the client of a change when a pipeline is at its end
        (ReportChangedGUCOptions in guc.c), where an error may have taken it back.
        """
        change = bisect_left(self._encodings, i, key=itemgetter(0))
        name = self._encodings[change - 1][1] if change else None
        return python_codec(name) if name else None

    def mentions(self, setting: str) -> bool:
        """Whether a statement, or code that it carries, names one of the ``WATCHED`` settings."""
        return any(setting in traits.mentions for traits in self._traits.values())

    def cut_at(self, i: int, position: int, encoding: str) -> tuple[str, str]:
        """Statement ``i`` in two parts; the second begins with character ``position`` (from 1).

        The server counts in characters, or in bytes: see ``Dialect``. ``encoding`` is the Python
        name of the client encoding.
        """
        sql, at = self.sql(i), position - 1
        if self._counts_bytes:
            return sql[:at].decode(encoding, "replace"), sql[at:].decode(encoding, "replace")
        text = sql.decode(encoding, "replace")
        return text[:at], text[at:]

    def locate(self, i: int, position: int, encoding: str) -> Place:
        """The place in the file of a position in statement ``i``, as ``cut_at`` counts."""
        before, _ = self.cut_at(i, position, encoding)
        line = self.line(i) + before.count("\n")
        if "\n" in before:
            return Place(line, len(before) - before.rindex("\n"))
        start = self._starts[i]
        lead = self._source.read(line_start(self._source, start), start).removeprefix(BOM)
        return Place(line, 1 + len(lead.decode(encoding, errors="replace")) + len(before))

    def locate_body(self, i: int, function: str | None, body_line: int) -> Place | None:
        """The place of a line of code that runs in statement ``i``, as PL/pgSQL counts lines.

        ``function`` is the name, without schema, of the function it is in; None is the DO block
        that statement ``i`` itself is. The result is None when no earlier statement creates that
        function, or more than one does.
        """
        if function is None:
            candidates = [i]
        else:
            candidates = [j for j in range(i) if creates(self.sql(j)) == function]
        if len(candidates) != 1:
            return None
        sql = self.sql(candidates[0])
        found = body(sql)
        if (
            found is None
            or found.start is None
            or not 1 <= body_line <= 1 + found.code.count(b"\n")
        ):
            return None
        return Place(self.line(candidates[0]) + sql.count(b"\n", 0, found.start) + body_line - 1)

    def locate_data(self, i: int, data_line: int) -> Place | None:
        """The place of a line (from 1) of the data behind the COPY that statement ``i`` is."""
        if i not in self._copies:
            return None
        start, _ = self._copies[i]
        return Place(self._lines.ends(start) + data_line)

    def source_line(self, line: int, encoding: str = "utf-8") -> str:
        """The text of a line, up to 1 MiB of it. What is not of the encoding is replaced."""
        start = line_offset(self._source, line)
        text = self._source.read(start, start + _LONGEST_LINE).split(b"\n", 1)[0]
        return text.removeprefix(BOM).decode(encoding, errors="replace").rstrip("\r")

    @property
    def data(self) -> bytes:
        """All bytes of the file."""
        return self._source.read(0, self._source.size)

    @property
    def lead(self) -> str:
        """What stands in front of the line of the first statement, up to 1 MiB of it."""
        start = line_start(self._source, self._starts[0])
        text = self._source.read(0, min(start, _LONGEST_LINE))
        return text.removeprefix(BOM).decode(errors="replace")

    def apart(self) -> "Script":
        """A copy of the script for another thread, which shares nothing that reading changes."""
        other = copy.copy(self)
        other._source = self._source.apart()
        other._lines = Lines(other._source)
        return other

    def release(self) -> None:
        """Close the file, if it is open."""
        self._source.release()
