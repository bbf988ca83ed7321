"""Goes through the tokens of a DBML file from left to right, and reads what is in all elements."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemamig_tui.docs.document import IndexElement, Note, Path, divided
from schemamig_tui.docs.lexer import DbmlText, Token
from schemamig_tui.errors import FilesError

_STRINGS = ("string", "lines")
_NAMES = ("word", "name")
_QUOTES = {"string": "'", "lines": "'", "sql": "`"}


@dataclass(frozen=True, slots=True)
class Setting:
    """What stands between brackets: ``name`` in lower case, what is behind its colon.

    ``given`` is for a note of the database, ``sign`` and ``path`` are those of a ``ref``.
    """

    name: str
    source: str
    value: str = ""
    quote: str = ""
    given: bool = False
    sign: str = ""
    path: Path = ()


def find(settings: Sequence[Setting], name: str) -> Setting | None:
    """The setting of that name."""
    return next((one for one in settings if one.name == name), None)


def note_of(settings: Sequence[Setting]) -> Note:
    """The note among settings; an empty one where there is none."""
    found = find(settings, "note")
    return divided(found.value, given=found.given) if found else Note()


class Cursor:
    """Reads a file token by token. Raises FilesError for whatever the grammar does not allow."""

    def __init__(self, source: DbmlText) -> None:
        self._source = source
        self._tokens = source.tokens()
        self._next = 0

    @property
    def end(self) -> int:
        """The offset behind the token that was taken last."""
        return self._tokens[self._next - 1].end

    def text_since(self, start: int) -> str:
        """The text of the file from there up to the token that was taken last."""
        return self._source.text[start : self.end]

    def error(self, message: str, position: int) -> FilesError:
        """An error at a position of the file."""
        return self._source.error(message, position)

    @property
    def kind(self) -> str:
        """The kind of the next token."""
        return self.peek().kind

    def peek(self, ahead: int = 0) -> Token:
        """The next token, without taking it."""
        return self._tokens[self._next + ahead]

    def next(self) -> Token:
        """Take the next token."""
        token = self.peek()
        self._next += token.kind != "end"
        return token

    def unexpected(self, wanted: str) -> FilesError:
        """The error that the next token is another one than was ``wanted``."""
        token = self.peek()
        return self._source.error(f"{wanted} is expected here, not {token.text[:40]}", token.start)

    def take(self, sign: str) -> bool:
        """Take a sign, if it is the next token."""
        token = self.peek()
        found = token.kind == "sign" and token.text == sign
        self._next += found
        return found

    def take_word(self, word: str) -> bool:
        """Take a word, in whatever case, if it is the next token."""
        token = self.peek()
        found = token.kind == "word" and token.text.lower() == word
        self._next += found
        return found

    def opens(self, word: str, *signs: str) -> bool:
        """Whether that word is next, with one of the signs behind it."""
        token, behind = self.peek(), self.peek(1)
        return token.kind == "word" and token.text.lower() == word and behind.text in signs

    def expect(self, sign: str) -> None:
        """Take a sign."""
        if not self.take(sign):
            raise self.unexpected(sign)

    def sign(self, signs: Sequence[str]) -> str:
        """Take one of the signs."""
        for sign in signs:
            if self.take(sign):
                return sign
        raise self.unexpected(" or ".join(signs))

    def name(self) -> str:
        """A bare or quoted name."""
        return self._of(_NAMES, "a name").text

    def string(self) -> str:
        """A string in single quotes."""
        return self._of(_STRINGS, "a string").text

    def sql(self) -> str:
        """SQL in backticks."""
        return self._of(("sql",), "an expression in backticks").text

    def _of(self, kinds: Sequence[str], wanted: str) -> Token:
        if self.kind not in kinds:
            raise self.unexpected(wanted)
        return self.next()

    def path(self) -> Path:
        """Names with dots between them."""
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        return tuple(parts)

    def type(self) -> Path:
        """The type of a column: the name of an enum, or one text with its lengths and brackets."""
        parts = self.path()
        text = parts[-1]
        while self.peek().text in ("(", "[") and not self.peek().spaced:
            closing = ")" if self.next().text == "(" else "]"
            start = self._tokens[self._next - 1].start
            while not self.take(closing):
                if self.next().kind == "end":
                    raise self.unexpected(closing)
            text += self.text_since(start)
        return (*parts[:-1], text)

    def endpoint(self) -> tuple[Path, tuple[str, ...]]:
        """A table and one or several of its columns."""
        parts = [self.name()]
        while self.take("."):
            if self.take("("):
                columns = tuple(element.text for element in self.elements())
                return tuple(parts), columns
            parts.append(self.name())
        if len(parts) < 2:
            raise self.unexpected("a column")
        return tuple(parts[:-1]), (parts[-1],)

    def elements(self) -> list[IndexElement]:
        """The elements of a list whose parenthesis is open."""
        found = [self.element()]
        while self.take(","):
            found.append(self.element())
        self.expect(")")
        return found

    def element(self) -> IndexElement:
        """A column or an expression."""
        if self.kind == "sql":
            return IndexElement(self.next().text, True)
        return IndexElement(self.name())

    def named_note(self) -> tuple[str, Note]:
        """A name, with the note in the settings behind it."""
        return self.name(), note_of(self.settings())

    def note(self) -> Note:
        """What is behind the word Note: a colon and a string, or a string in braces."""
        if self.take(":"):
            return self.bare_note()
        self.expect("{")
        found = self.bare_note()
        self.expect("}")
        return found

    def bare_note(self) -> Note:
        """The string of a note."""
        token = self._of(_STRINGS, "a string")
        return divided(token.text, given=self._source.is_given(token.end))

    def settings(self) -> list[Setting]:
        """What stands in brackets, if some is next."""
        found: list[Setting] = []
        if self.peek().text != "[" or self.kind != "sign":
            return found
        self.next()
        while True:
            found.append(self._setting())
            if self.take("]"):
                return found
            if not self.take(","):
                raise self.unexpected("a comma or ]")

    def _setting(self) -> Setting:
        start = self.peek().start
        words = [self.name()]
        while self.kind == "word":
            words.append(self.next().text)
        name = " ".join(words).lower()
        if not self.take(":"):
            return Setting(name, self.text_since(start))
        if name == "ref":
            sign = self.sign(("<", ">", "-", "<>"))
            path = self.path()
            return Setting(name, self.text_since(start), sign=sign, path=path)
        first = self.peek()
        value = [self.next().text]
        while self.peek().kind in ("word", "name") or (
            self.kind == "sign" and self.peek().text not in (",", "]")
        ):
            value.append(self.next().text)
        if first.kind in ("end", "sign") and first.text not in "+-":
            raise self.error("a value is expected here", first.start)
        joined = ("" if first.kind == "sign" or "." in value else " ").join(value)
        given = name == "note" and self._source.is_given(first.end)
        return Setting(name, self.text_since(start), joined, _QUOTES.get(first.kind, ""), given)

    def skip_block(self) -> None:
        """Go behind the block in braces that comes next."""
        start = self.peek()
        depth = 0
        while (token := self.next()).kind != "end":
            if token.kind == "sign" and token.text in "{}":
                depth += 1 if token.text == "{" else -1
                if depth == 0:
                    return
        raise self._source.error(f"{start.text} is never closed", start.start)
