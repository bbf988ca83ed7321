"""Cuts the bytes of a file into statements, where psql would, and collects their traits."""

import re
from array import array

from schemamig_tui.engine.script.comments import Comments
from schemamig_tui.engine.script.places import BOM, fault
from schemamig_tui.engine.script.source import Source
from schemamig_tui.engine.script.window import HEAD, MARGIN, Window
from schemamig_tui.errors import FilesError
from schemamig_tui.sql import lexer
from schemamig_tui.sql.assignments import is_true
from schemamig_tui.sql.bodies import creates
from schemamig_tui.sql.directives import CANDIDATE
from schemamig_tui.sql.encodings import UTF8, encoding_name
from schemamig_tui.sql.psql_commands import Refusal, check_command, quoted_variable, refuse
from schemamig_tui.sql.session import SessionModel
from schemamig_tui.sql.statements import Rule, rule_for
from schemamig_tui.sql.traits import Kind, Traits

_BACKSLASH = ord("\\")
_SEMICOLON = ord(";")


class Cutter:
    """One pass over a file. After ``run``: where its statements are, and what they mean.

    ``starts`` and ``ends`` are offsets into the file; a statement ends in front of its semicolon.
    By number from 0, ``traits`` has those statements whose kind matters to a run, ``copies`` the
    offsets of the data behind each COPY FROM stdin. ``encodings`` are the numbers of the statements
    that change the client encoding, each with what it is then. ``settings_on_top`` is how many
    statements at the top only set something. ``remarks`` are offsets that deserve a warning, each
    with its text; ``comments`` has what is asked for in comments.
    """

    def __init__(self, source: Source, *, trusted: bool, standard_strings: bool) -> None:
        self.source = source
        self.starts = array("Q")
        self.ends = array("Q")
        self.traits: dict[int, Traits] = {}
        self.copies: dict[int, tuple[int, int]] = {}
        self.encodings: list[tuple[int, str | None]] = []
        self.settings_on_top = 0
        self.remarks: list[tuple[int, str]] = []
        self.comments = Comments(source)
        self._window = Window(source, trusted=trusted)
        self._starts_standard = standard_strings
        self._session = SessionModel()
        self._start = 0
        self._parentheses: list[int] = []
        self._blocks: list[int] = []

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
        self.comments.refuse_idle(self.starts[0] if self.starts else None)
        self.comments.refuse_way_back(self.ends[-1] if self.ends else 0)

    @property
    def _standard_strings(self) -> bool:
        value = self._session.get("standard_conforming_strings")
        return self._starts_standard if value is None else is_true(value)

    def _ordinary_statements(self, position: int) -> int:
        """Cut ordinary statements in a row: this loop takes most of the time of a big file."""
        match_one = lexer.ordinary(standard_strings=self._standard_strings).match
        text, base = self._window.text, self._window.base
        add_start, add_end = self.starts.append, self.ends.append
        while match := match_one(text, position):
            start, position = match.span(1)
            add_start(base + start)
            add_end(base + position - 1)
        return position

    def _statement(self, position: int) -> int:
        """Cut the statement that starts here; returns the position behind its semicolon."""
        window = self._window
        position = window.show_head(position)
        start = self._start = window.base + position
        rule = rule_for(window.text, position)
        counts_begin = creates(window.text, position) is not None
        skip = lexer.skipper(standard_strings=self._standard_strings, counts_begin=counts_begin)
        while True:
            position = _past(skip, window.text, position)
            if window.short(position):
                position = window.slide(position)
            elif position == len(window.text):
                return self._last_statement(start, rule)
            elif window.text[position] != _SEMICOLON:
                position = self._look(position, counts_begin)
            elif self._parentheses or self._blocks:
                position += 1
            else:
                return self._add(start, position, rule)

    def _last_statement(self, start: int, rule: Rule | None) -> int:
        """Cut the last statement at the end of the file, where it needs no semicolon."""
        if self._blocks:
            raise self._fault(self._blocks[-1], "This is never closed with END.")
        if self._parentheses:
            raise self._fault(self._parentheses[-1], "This parenthesis is never closed.")
        self._add(start, len(self._window.text.rstrip()), rule)
        return len(self._window.text)

    def _add(self, start: int, position: int, rule: Rule | None) -> int:
        """Record the statement that ends at ``position``; returns where to go on."""
        window = self._window
        end = window.base + position
        number = len(self.starts)
        self.comments.take_statement(number, start)
        self.starts.append(start)
        self.ends.append(end)
        position += 1
        traits = rule and rule(self.source.read(start, end))
        if traits:
            self.traits[number] = traits
            if traits.only_sets and self.settings_on_top == number:
                self.settings_on_top += 1
            self._session.follow(traits)
            encoding = self._session.get("client_encoding")
            if encoding != (self.encodings[-1][1] if self.encodings else None):
                self.encodings.append((number, encoding))
            window.switch(position, encoding)
            if traits.kind is Kind.COPY_IN:
                return self._copy_data(start, position, traits.data_encoding)
        return position

    def _look(self, position: int, counts_begin: bool) -> int:
        """Go past one thing at which the fast pattern stops."""
        text = self._window.text
        byte = text[position : position + 1]
        if byte in (b"'", b'"') and text[position - 1 : position] == b":":
            self._refuse_variable(position)
        if byte == b"(":
            self._parentheses.append(self._window.base + position)
        elif byte == b")":
            del self._parentheses[-1:]
        elif byte == b"'":
            return self._string(position)
        elif byte == b'"':
            return self._quoted(position, lexer.IDENTIFIER_INSIDE, self._window.base + position)
        elif byte == b"$":
            return self._dollar(position)
        elif byte == b"\\":
            refusal = refuse(text[position : position + MARGIN])
            raise self._fault(self._window.base + position, refusal.message, hint=refusal.hint)
        elif text.startswith((b"--", b"/*"), position):
            return self._comment(position)
        elif counts_begin and (word := lexer.WORD.match(text, position)):
            self._count(word[0].lower(), position)
            return word.end()
        return position + 1

    def _refuse_variable(self, position: int) -> None:
        """Refuse psql's :'name' and :"name", where the quote at ``position`` opens one.

        In a statement that runs in batches, :'from' and :'to' are the bounds of a batch.
        """
        if self.comments.waiting and self._window.text.startswith(b"'", position):
            return
        offset = self._window.base + position
        opened = self._parentheses[-1] if self._parentheses else self._start - 1
        call = self.source.read(max(0, opened - MARGIN), opened) if self._parentheses else b""
        before = self.source.read(max(opened + 1, offset - HEAD), offset)
        if refusal := quoted_variable(call, before, self.source.read(offset, offset + MARGIN)):
            raise self._fault(offset - 1, refusal.message, hint=refusal.hint)

    def _count(self, word: bytes, position: int) -> None:
        """Count BEGIN ... END around the code of a function, as psql does."""
        if self._parentheses:
            return
        if word == b"begin" or (word == b"case" and self._blocks):
            self._blocks.append(self._window.base + position)
        elif word == b"end":
            del self._blocks[-1:]

    def _string(self, position: int) -> int:
        """Go past a '...' string, and past its continuations on later lines."""
        window = self._window
        opened = window.base + position
        after_e = lexer.AFTER_E.match(window.text, position) is not None
        if self._standard_strings and not after_e:
            return self._quoted(position, lexer.STANDARD_INSIDE, opened)
        while True:
            position = self._quoted(position, lexer.ESCAPED_INSIDE, opened)
            closed = window.base + position
            position = self._after_blanks(position)
            # psql forgets here, at the end of a line, what kind of string it was in; the server
            # does not, so psql gets such a string wrong if it has a quote behind a backslash.
            if not window.text.startswith(b"'", position) or not lexer.NEWLINE.search(
                self.source.read(closed, window.base + position)
            ):
                return position

    def _quoted(self, position: int, inside: re.Pattern[bytes], opened: int) -> int:
        """Go past the closing quote of a string or name that was opened at byte ``opened``."""
        window = self._window
        quote = window.text[position : position + 1]
        position += 1
        while True:
            position = _past(inside, window.text, position)
            if position + 1 < len(window.text):
                return position + 1
            if window.last:
                if window.text[position:] == quote:
                    return position + 1
                what = "quoted name" if quote == b'"' else "string"
                raise self._fault(opened, f"This {what} is never closed.")
            position = window.slide(position)

    def _dollar(self, position: int) -> int:
        window = self._window
        while (tag := lexer.DOLLAR_TAG.match(window.text, position)) is None:
            if window.last or not lexer.DOLLAR_TAG_CUT_OFF.match(window.text, position):
                return position + 1
            position = window.slide(position)
        opened = window.base + position
        position = tag.end()
        while (found := window.text.find(tag[0], position)) < 0:
            if window.last:
                raise self._fault(opened, f"This dollar quote {_shown(tag[0])} is never closed.")
            position = window.slide(max(position, len(window.text) - len(tag[0]) + 1))
        return found + len(tag[0])

    def _after_gap(self, position: int) -> int:
        """Go past white space and comments between statements."""
        self._parentheses.clear()
        self._blocks.clear()
        while True:
            position = self._after_blanks(position)
            if not self._window.text.startswith(b"/*", position):
                return position
            position = self._comment(position)

    def _after_blanks(self, position: int) -> int:
        """Go past white space and ``--`` comments."""
        window = self._window
        while True:
            position = _past(lexer.BLANKS, window.text, position)
            if window.short(position):
                position = window.slide(position)
            elif window.text.startswith(b"--", position):
                position = self._comment(position)
            else:
                return position

    def _comment(self, position: int) -> int:
        """Go past a comment of either kind."""
        window = self._window
        opened = window.base + position
        if window.text.startswith(b"--", position):
            if CANDIDATE.match(window.text, position) and not (self._parentheses or self._blocks):
                self.comments.heed(opened)
            while (end := lexer.NEWLINE.search(window.text, position)) is None:
                if window.last:
                    return len(window.text)
                position = window.slide(len(window.text))
            return end.end()
        depth = 0
        while True:
            edge = lexer.COMMENT_EDGE.search(window.text, position)
            if edge:
                position = edge.end()
                depth += 1 if edge[0] == b"/*" else -1
                if depth == 0:
                    return position
            elif window.last:
                raise self._fault(opened, "This comment is never closed.")
            else:
                position = window.slide(max(position, len(window.text) - 1))

    def _command(self, position: int) -> int:
        """Go past a psql command between statements."""
        position, command = self._line(position)
        offset = self._window.base + position
        problem = check_command(command)
        if isinstance(problem, Refusal):
            raise self._fault(offset, problem.message, hint=problem.hint)
        if problem:
            self.remarks.append((offset, problem))
        return position + len(command)

    def _copy_data(self, start: int, position: int, encoding: str | None) -> int:
        """Go past the inline data of the COPY at byte ``start``, which may name an ``encoding``.

        The server converts the data from that encoding, whatever encoding the file has.
        """
        window = self._window
        position, behind = self._line(position)
        if not lexer.BEHIND_COPY.match(behind):
            raise self._fault(
                window.base + position,
                "There is text behind COPY ... FROM stdin; but its data starts on the next line.",
                hint="Put the text on a line of its own behind the data.",
            )
        position += len(behind)
        begin = window.base + position + 1
        if encoding and encoding_name(encoding) != UTF8:
            window.stop_checking(position)
        while True:
            found = window.text.find(b"\n\\.", position)
            if found < 0:
                if window.last:
                    raise self._fault(
                        start,
                        "The data of this COPY ... FROM stdin has no end.",
                        hint="End it with a line that has only \\. in it.",
                    )
                position = window.slide(max(position, len(window.text) - 2))
            elif window.short(found):
                position = window.slide(found)
            elif end := lexer.END_OF_DATA.match(window.text, found + 3):
                self.copies[len(self.starts) - 1] = (begin, window.base + found + 1)
                window.go_on_checking(end.end())
                return end.end()
            else:
                position = found + 1

    def _line(self, position: int) -> tuple[int, bytes]:
        """The rest of a line without its end, and the position of that in the window now."""
        window = self._window
        while (end := window.text.find(b"\n", position)) < 0 and not window.last:
            position = window.slide(position)
        return position, window.text[position : end if end >= 0 else len(window.text)]

    def _fault(self, offset: int, message: str, *, hint: str | None = None) -> FilesError:
        return fault(self.source, offset, message, hint=hint)


def _past(pattern: re.Pattern[bytes], text: bytes, position: int) -> int:
    """Where a match at ``position`` ends, which may be where it starts."""
    match = pattern.match(text, position)
    return match.end() if match else position


def _shown(text: bytes) -> str:
    return text.decode(errors="replace").strip()
