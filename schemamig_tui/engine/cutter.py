"""Cuts the bytes of a file into statements, where psql would, and collects what they mean."""

import re
from array import array
from typing import NamedTuple

from schemamig_tui.engine import lexer
from schemamig_tui.engine.classify import Kind, Meaning, Setting, classify, is_true
from schemamig_tui.engine.metacommands import RefusedError, ignored, refused
from schemamig_tui.engine.places import BOM, fault
from schemamig_tui.engine.source import Source
from schemamig_tui.engine.window import Window
from schemamig_tui.errors import FilesError

_SPACE = (b" ", b"\t", b"\r", b"\f", b"\v")
_FUNCTION = re.compile(
    rb"(?i)create\b(?:GAP(?:or)GAP(?:replace))?GAP(?:function|procedure)\b".replace(
        b"GAP", rb"(?:\s++|--[^\n\r]*+|/\*[^*/]*+(?:(?:\*(?!/)|/(?!\*))[^*/]*+)*+\*/)++"
    )
)


class _State(NamedTuple):
    standard_strings: bool
    encoding: str | None = None


class _Reading:
    """The two settings that a file is read by, as its own statements change them.

    A ROLLBACK is taken to undo no more than a COMMIT: what was SET LOCAL.
    """

    def __init__(self, standard_strings: bool) -> None:
        self._default = _State(standard_strings)
        self._session = self.now = self._default

    def heed(self, meaning: Meaning) -> None:
        """Take over what a statement sets."""
        if meaning.kind in (Kind.COMMIT, Kind.ROLLBACK):
            self.now = self._session
        elif meaning.settings:
            self.now = self._set(self.now, meaning)
            if not meaning.local:
                self._session = self._set(self._session, meaning)

    def _set(self, state: _State, meaning: Meaning) -> _State:
        value = meaning.value
        if Setting.STANDARD_STRINGS in meaning.settings:
            on = self._default.standard_strings if value is None else is_true(value)
            state = state._replace(standard_strings=on)
        if Setting.CLIENT_ENCODING in meaning.settings:
            state = state._replace(encoding=value)
        return state


class Cutter:
    """One pass over a file. After ``run``: where its statements are, and what they mean.

    ``starts`` and ``ends`` are offsets into the file, ``ends`` without the semicolon. ``meanings``
    has the statements that are not like any other, by number; ``copies`` the data behind each COPY
    FROM stdin; ``remarks`` the offsets that deserve a warning, each with its text.
    """

    def __init__(self, source: Source, *, standard_strings: bool) -> None:
        self.source = source
        self._window = Window(source)
        self._reading = _Reading(standard_strings)
        self._open: list[int] = []
        self._begun: list[int] = []
        self.starts = array("Q")
        self.ends = array("Q")
        self.meanings: dict[int, Meaning] = {}
        self.copies: dict[int, tuple[int, int]] = {}
        self.remarks: list[tuple[int, str]] = []
        self.settling = 0
        self.directive = False

    def run(self, checksum: str) -> None:
        """Cut the whole file, whose bytes must have this checksum. Raises FilesError."""
        window = self._window
        position = len(BOM) if window.text.startswith(BOM) else 0
        while True:
            position = self._after_gap(self._ordinary_statements(position))
            if position == len(window.text):
                break
            byte = window.text[position]
            if byte == _SEMICOLON:
                position += 1
            elif byte == _BACKSLASH:
                position = self._command(position)
            else:
                position = self._statement(position)
        window.finish(checksum)

    def _ordinary_statements(self, position: int) -> int:
        """Cut as many statements as need no second look: this loop is what big files spend."""
        match_one = lexer.ordinary(standard_strings=self._reading.now.standard_strings).match
        text, base = self._window.text, self._window.base
        add_start, add_end = self.starts.append, self.ends.append
        while match := match_one(text, position):
            start, position = match.span(1)
            add_start(base + start)
            add_end(base + position - 1)
        return position

    def _statement(self, position: int) -> int:
        """Cut the statement that starts here. The position after its semicolon."""
        window = self._window
        start = window.base + position
        counts = _FUNCTION.match(window.text, position) is not None
        skip = lexer.skipper(
            standard_strings=self._reading.now.standard_strings, counts_begin=counts
        ).match
        self._open, self._begun = [], []
        while True:
            match = skip(window.text, position)
            assert match is not None  # it may be empty
            position = match.end()
            if window.short(position):
                position = window.slide(position)
            elif position == len(window.text):
                return self._last_statement(start, position)
            elif window.text[position] != _SEMICOLON:
                position = self._look(position, counts)
            elif self._open or self._begun:
                position += 1
            else:
                return self._add(start, position)

    def _add(self, start: int, position: int) -> int:
        """Take down the statement up to ``position``. Where what follows it starts."""
        end = self._window.base + position
        number = len(self.starts)
        self.starts.append(start)
        self.ends.append(end)
        position += 1
        meaning = classify(self._sql(start, end))
        if meaning is not None:
            self.meanings[number] = meaning
            if meaning.settles and self.settling == number:
                self.settling += 1
            self._reading.heed(meaning)
            self._window.switch(position, self._reading.now.encoding)
            if meaning.kind is Kind.COPY_IN:
                return self._copy_data(start, position)
        return position

    def _sql(self, start: int, end: int) -> bytes:
        base = self._window.base
        if start >= base:
            return self._window.text[start - base : end - base]
        return self.source.read(start, end)

    def _last_statement(self, start: int, position: int) -> int:
        """The end of the file ends a statement too, when nothing is left open."""
        if self._begun:
            raise self._fault(self._begun[-1], "This has no END.")
        if self._open:
            raise self._fault(self._open[-1], "This parenthesis is never closed.")
        end = len(self._window.text[:position].rstrip())
        self._add(start, end)
        return position

    def _look(self, position: int, counts_begin: bool) -> int:
        """Go past something that the fast pattern left to us."""
        byte = self._window.text[position : position + 1]
        if byte == b"(":
            self._open.append(self._window.base + position)
        elif byte == b")":
            del self._open[-1:]
        elif byte == b"'":
            after_e = lexer.AFTER_E.match(self._window.text, position) is not None
            return self._string(position, escapes=after_e or not self._reading.now.standard_strings)
        elif byte == b'"':
            return self._quoted(position, lexer.IDENTIFIER_INSIDE, "quoted name")
        elif byte == b"$":
            return self._dollar(position)
        elif byte == b"\\":
            name = self._window.text[position + 1 : position + 40].split(maxsplit=1)[:1]
            raise self._refusal(position, refused(name[0].decode(errors="replace") if name else ""))
        elif self._window.text.startswith((b"--", b"/*"), position):
            return self._comment(position)
        elif counts_begin and (word := lexer.WORD.match(self._window.text, position)):
            self._count(word[0].lower(), position)
            return word.end()
        return position + 1

    def _count(self, word: bytes, position: int) -> None:
        """BEGIN ... END in the body of a function, as psql counts it."""
        if self._open:
            return
        if word == b"begin" or (word == b"case" and self._begun):
            self._begun.append(self._window.base + position)
        elif word == b"end":
            del self._begun[-1:]

    def _string(self, position: int, *, escapes: bool) -> int:
        """Past a '...' string, and what goes on with it on a later line."""
        if not escapes:
            return self._quoted(position, lexer.STANDARD_INSIDE, "quoted string")
        window = self._window
        while True:
            position = self._quoted(position, lexer.ESCAPED_INSIDE, "quoted string")
            position, lines = self._after_blanks(position)
            if not (lines and window.text.startswith(b"'", position)):
                return position

    def _quoted(self, position: int, inside: re.Pattern[bytes], what: str) -> int:
        window = self._window
        opened = window.base + position
        quote = window.text[position]
        position += 1
        while True:
            match = inside.match(window.text, position)
            assert match is not None  # it may be empty
            position = match.end()
            if position + 1 < len(window.text):
                return position + 1
            if window.last:
                if window.text[position:] == bytes([quote]):
                    return position + 1
                raise self._fault(opened, f"This {what} is never closed.")
            position = window.slide(position)

    def _dollar(self, position: int) -> int:
        window = self._window
        opened = window.base + position
        match = lexer.DOLLAR_TAG.match(window.text, position)
        if match is None:
            return position + 1
        tag, position = match[0], match.end()
        while (found := window.text.find(tag, position)) < 0:
            if window.last:
                raise self._fault(opened, f"This dollar quote ({_shown(tag)}) is never closed.")
            position = window.slide(max(position, len(window.text) - len(tag) + 1))
        position = found + len(tag)
        if window.short(position):
            position = window.slide(position)
        if window.text.startswith((b"E'", b"e'"), position):
            return self._string(position + 1, escapes=True)
        return position

    def _after_gap(self, position: int) -> int:
        """Past white space and comments between statements."""
        window = self._window
        self._open, self._begun = [], []
        while True:
            position, _ = self._after_blanks(position)
            if not window.text.startswith((b"--", b"/*"), position):
                return position
            position = self._comment(position)

    def _after_blanks(self, position: int) -> tuple[int, bool]:
        """Past white space and simple ``--`` comments, and whether a line ended there."""
        window = self._window
        lines = False
        while True:
            match = lexer.BLANKS.match(window.text, position)
            assert match is not None  # it may be empty
            position = match.end()
            lines = lines or lexer.NEWLINE.search(match[0]) is not None
            if not window.short(position):
                return position, lines
            position = window.slide(position)

    def _comment(self, position: int) -> int:
        window = self._window
        if window.text.startswith(b"--", position):
            self._heed(position)
            while (end := lexer.NEWLINE.search(window.text, position)) is None:
                if window.last:
                    return len(window.text)
                position = window.slide(len(window.text))
            return end.end()
        opened = window.base + position
        depth = 0
        while True:
            edge = lexer.COMMENT_EDGE.search(window.text, position)
            if edge is None:
                if window.last:
                    raise self._fault(opened, "This comment is never closed.")
                position = window.slide(max(position, len(window.text) - 1))
                continue
            position = edge.end()
            depth += 1 if edge[0] == b"/*" else -1
            if depth == 0:
                return position

    def _heed(self, position: int) -> None:
        """Look at what a comment says, if it is one that says something."""
        note = lexer.NOTE.match(self._window.text, position)
        if note is None or self._open or self._begun:
            return
        offset = self._window.base + position
        if note["directive"] is None:
            raise self._fault(
                offset,
                f"The way back of another tool's migration ({_shown(note[0])}): "
                "run as it is, the file would undo what it does.",
                hint="Remove this part. To undo a migration, add a new one that reverses it.",
            )
        if note["directive"].strip().lower() != b"no-transaction":
            raise self._fault(
                offset,
                f"Unknown directive: {_shown(note[0])}",
                hint="The one there is: -- schemamig: no-transaction",
            )
        if self.source.read(0, offset).removeprefix(BOM).strip(b" \t"):
            raise self._fault(
                offset, "The directive is not in the first line.", hint="Move it to the top."
            )
        self.directive = True

    def _command(self, position: int) -> int:
        """A psql command between statements."""
        window = self._window
        end = window.text.find(b"\n", position)
        command = window.text[position : end if end >= 0 else len(window.text)]
        try:
            remark = ignored(command)
        except RefusedError as why:
            raise self._refusal(position, why) from None
        if remark:
            self.remarks.append((window.base + position, remark))
        return position + len(command)

    def _copy_data(self, start: int, position: int) -> int:
        """Past the inline data of a COPY. ``start`` is where its statement starts."""
        window = self._window
        while window.text[position : position + 1] in _SPACE:
            position += 1
        if window.text.startswith(b"--", position):
            while (end := window.text.find(b"\n", position)) < 0 and not window.last:
                position = window.slide(len(window.text))
            position = end if end >= 0 else len(window.text)
        if position < len(window.text) and window.text[position] != _NEWLINE:
            raise self._fault(
                window.base + position,
                "Text behind COPY ... FROM stdin; on its line: the data starts on the next one.",
                hint="Put it on a line of its own, after the data.",
            )
        begin = window.base + position + 1
        while True:
            found = window.text.find(b"\n\\.", position)
            if found >= 0 and not window.short(found):
                if match := _END_OF_DATA.match(window.text, found + 3):
                    self.copies[len(self.starts) - 1] = (begin, window.base + found + 1)
                    return match.end()
                position = found + 1
            elif found >= 0:
                position = window.slide(found)
            elif window.last:
                raise self._fault(
                    start,
                    "The data of this COPY ... FROM stdin has no end.",
                    hint="End it with a line that has only \\. in it.",
                )
            else:
                position = window.slide(max(position, len(window.text) - 2))

    def _refusal(self, position: int, why: RefusedError) -> FilesError:
        return self._fault(self._window.base + position, why.message, hint=why.hint)

    def _fault(self, offset: int, message: str, *, hint: str | None = None) -> FilesError:
        return fault(self.source, offset, message, hint=hint)


_BACKSLASH = ord("\\")
_NEWLINE = ord("\n")
_SEMICOLON = ord(";")
_END_OF_DATA = re.compile(rb"\r?(?:\n|\Z)")


def _shown(text: bytes) -> str:
    return text.decode(errors="replace").strip()
