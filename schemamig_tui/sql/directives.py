"""Recognises directives in comments: our own, and those of other migration tools.

A file that was made for another tool may hold the way back of its migration, of which psql would
make statements like any other, or a directive that asks for no transaction. The spellings and the
places are those of each tool's own parser; a directive where its tool does not heed it is a plain
comment for us as well.
"""

import re
from typing import Literal, NamedTuple

_SIGN = rb"[^\w\r\n\x80-\xff]"
# A comment of nothing but a word, with "migration" or the like beside it, and signs around them.
_TITLE = (
    _SIGN
    + rb"*+(?:migrat\w++"
    + _SIGN
    + rb"++)?%s(?:"
    + _SIGN
    + rb"++migrat\w++)?"
    + _SIGN
    + rb"*+(?=[\r\n]|\Z)"
)
_DOWN = _TITLE % rb"(?:down|rollback|undo|unapply|revert|backwards?)"
MARK = (
    rb"[ \t\-]*+(?i:schemamig:|\+goose|\+(?:micrate|migrate)\b|migrate:|rambler\b"
    rb"|down[ \t]+migration|down\.sql|create above|//[ \t]*@undo|[^!\r\n]*+!downs\b"
    rb"|==+[ \t]*down|revert[ \t]"
    rb"|!?[ \t]*no-transaction|atlas:|changeset[ \t]|postgres-migrations\b|tern:"
    rb"|transactional[ \t]*:|codd:|\d+[ \t]*down\b|running[ \t]+downgrade\b"
    rb"|evolve-tx-off\b|:disable-transaction\b|txn-mode\b"
    rb"|" + _DOWN + rb")"
)
"""How a comment that may be a directive begins, behind its two dashes."""

Word = Literal["backfill", "repeat"]
"""Begins a directive that has a statement run in batches."""
BACKFILL: Word = "backfill"
REPEAT: Word = "repeat"

CANDIDATE = re.compile(rb"--" + MARK)
"""A comment that may be a directive."""
_OURS = re.compile(rb"--[ \t]*+(?i:schemamig:)[ \t]*+([^ \t\r\n]*+)[ \t]*+([^\r\n]*+)")

# By tool: how the part of a file begins that takes its migration back.
_WAYS_BACK = {
    "goose": rb"--[ \t\-]*(?i:\+goose[ \t]*down)\b",
    "sql-migrate": rb"--[ \t]*(?i:\+migrate[ \t]+down)\b",
    "micrate": rb"--[ \t]*(?i:\+micrate[ \t]+down)\b",
    "dbmate": rb"--[ \t]*(?i:migrate:down)\b",
    "tern": rb"---- create above / drop below ----",
    "node-pg-migrate": rb"--[ \t\-]*(?i:down[ \t]+migration)",
    "rambler": rb"--[ \t]*rambler[ \t]+down[ \t]*(?=[\r\n]|\Z)",
    "MyBatis": rb"--[ \t]*//[ \t]*(?i:@undo)\b",
    "Play": rb"--[^!\r\n]*!Downs\b",
    "Atlas": rb"-- down\.sql --[ \t]*(?=[\r\n]|\Z)",
    "shmig": rb"--[ \t]*==+[ \t]*(?i:down)[ \t]*==",
    "Mojo::Pg": rb"--[ \t]*\d+[ \t]*(?i:down)[ \t]*(?=[\r\n]|\Z)",
    "Sqitch": rb"--[ \t]*Revert[ \t]+\S+:\S+[ \t]+from[ \t]+\w+[ \t]*(?=[\r\n]|\Z)",
    "pogo-migrate": rb"--[ \t]*(?i:migrate:[ \t]*rollback)\b",
    "Alembic": rb"--[ \t]*Running downgrade[ \t]",
    "two-way": rb"(?i:--" + _DOWN + rb")",
}
# "-- down" (node-sqlite), "--- migration:down" (cigogne) and the like may be innocent comments,
# unless the way there begins with "-- up" or the like.
_PAIRED = "two-way"
_PAIRED_UP = re.compile(
    rb"(?im)^(?:\xef\xbb\xbf)?[ \t]*--" + _TITLE % rb"(?:up|do|apply|deploy|migrate|forwards?)"
)
_WAY_BACK = re.compile(
    b"|".join(b"(?P<t%d>%s)" % (i, pattern) for i, pattern in enumerate(_WAYS_BACK.values()))
)


class Directive(NamedTuple):
    """A directive of ``tool`` that a file is to run without a transaction.

    It counts where the pattern ``head``, matched at the start of the file, covers it; ``where``
    says so in words. None: it counts anywhere.
    """

    tool: str
    text: str
    where: str = ""
    head: re.Pattern[bytes] | None = None

    def counts(self, head: bytes, offset: int) -> bool:
        """Whether the tool heeds it at this byte of a file that begins with ``head``."""
        if self.head is None:
            return True
        found = self.head.match(head)
        return found is not None and offset < found.end()


OUT_OF_ORDER = "out-of-order"
"""What our directive says that lets a file run though it sorts before applied ones."""
ALLOW = "allow"
"""Begins our directive that accepts what a rule finds at a statement: ``allow RULE: reason``."""
OURS = Directive("schemamig-tui", "-- schemamig: no-transaction")


class _Rule(NamedTuple):
    spelling: re.Pattern[bytes]
    where: str = ""
    head: re.Pattern[bytes] | None = None


_TOP_COMMENTS = re.compile(rb"(?:[ \t]*(?:--[^\n]*|\r)?\n)*")
_NO_TRANSACTION = {
    "goose": _Rule(re.compile(rb"--[ \t\-]*(?i:\+goose[ \t]*no transaction)[ \t\-]*(?=[\r\n]|\Z)")),
    "sql-migrate": _Rule(re.compile(rb"-- \+migrate +Up[ \t][^\r\n]*?\bnotransaction\b")),
    "dbmate": _Rule(re.compile(rb"--[ \t]*migrate:up[ \t][^\r\n]*?\btransaction:false\b")),
    "tern": _Rule(re.compile(rb"---- tern: disable-tx ----(?=[\r\n]|\Z)")),
    "Liquibase": _Rule(
        re.compile(rb"--[ \t]*(?i:changeset[ \t][^\r\n]*?[ \t]runInTransaction:false\b)")
    ),
    "postgres-migrations": _Rule(re.compile(rb"-- postgres-migrations disable-transaction\b")),
    "sqlx": _Rule(
        re.compile(rb"-- no-transaction"), "at the very start", re.compile(rb"-- no-transaction")
    ),
    "graphile-migrate": _Rule(
        re.compile(rb"--![ \t]*no-transaction\b"),
        "in the first line behind its header",
        re.compile(rb"(?:--! [A-Z]\w*(?::[^\n]*)?\n)*\s*--![ \t]*no-transaction\b"),
    ),
    "Atlas": _Rule(
        re.compile(rb"-- atlas:txmode +none[ \t]*(?=[\r\n]|\Z)"),
        "at the top, with an empty line behind the comments",
        re.compile(rb"(?:--[^\n]*\n)+(?=\r?\n)"),
    ),
    "yoyo": _Rule(
        re.compile(rb"--[ \t]*transactional[ \t]*:[ \t]*(?i:false)[ \t]*(?=[\r\n]|\Z)"),
        "in the comments at the top",
        _TOP_COMMENTS,
    ),
    "Codd": _Rule(
        re.compile(rb"--[ \t]*codd:[^\r\n]*?\bno-txn\b"),
        "in the comments at the top",
        _TOP_COMMENTS,
    ),
    "Evolve": _Rule(
        re.compile(rb"--[ \t]*(?i:evolve-tx-off)\b"),
        "in the first lines, among its options",
        re.compile(rb"(?i:[^\n]*evolve[^\n]*(?:\n|\Z))+"),
    ),
    "Migratus": _Rule(
        re.compile(rb"-- :disable-transaction"),
        "at the very start",
        re.compile(rb"-- :disable-transaction"),
    ),
    "Bytebase": _Rule(
        re.compile(rb"--[ \t]*(?i:txn-mode[ \t]*=[ \t]*off)[ \t]*(?=[\r\n]|\Z)"),
        "in the first lines, among its options",
        re.compile(rb"(?:[ \t]*--[ \t]*(?i:txn-)[^\n]*(?:\n|\Z))+"),
    ),
}
_FILLED_IN = re.compile(rb"--[ \t\-]*(?i:\+goose[ \t]*envsub on)[ \t\-]*(?=[\r\n]|\Z)")


class Asked(NamedTuple):
    """What a ``-- schemamig:`` comment asks for: its first word, in lower case, and the rest.

    ``offset`` is where the rest starts in the comment.
    """

    word: str
    rest: bytes
    offset: int


def our_directive(comment: bytes) -> Asked | None:
    """What a ``-- schemamig:`` comment asks for; None for another comment."""
    found = _OURS.match(comment)
    if found is None:
        return None
    word = found[1].decode(errors="replace").lower()
    return Asked(word, found[2].rstrip(), found.start(2))


def allows_out_of_order(text: bytes) -> bool:
    """Whether the comments at the top of a file have the directive that lets it run late."""
    for line in text.removeprefix(b"\xef\xbb\xbf").splitlines():
        comment = line.strip()
        asked = our_directive(comment)
        if asked and asked[:2] == (OUT_OF_ORDER, b""):
            return True
        if comment and not comment.startswith(b"--"):
            return False
    return False


def way_back(comment: bytes, before: bytes) -> tuple[str, str] | None:
    """Whose way back begins with a comment, and how that is spelt.

    ``before`` is the top of the file, up to the comment at most.
    """
    found = _WAY_BACK.match(comment)
    if found is None or found.lastgroup is None:
        return None
    tool = list(_WAYS_BACK)[int(found.lastgroup[1:])]
    if tool == _PAIRED and not _PAIRED_UP.search(before):
        return None
    return tool, _shown(found[0])


def no_transaction(comment: bytes) -> Directive | None:
    """Which tool would run a file with this comment outside of a transaction."""
    for tool, rule in _NO_TRANSACTION.items():
        if found := rule.spelling.match(comment):
            return Directive(tool, _shown(found[0]), rule.where, rule.head)
    return None


def is_filled_in(comment: bytes) -> bool:
    """Whether goose would put values of its environment into the statements behind a comment."""
    return _FILLED_IN.match(comment) is not None


def _shown(text: bytes) -> str:
    return text.decode(errors="replace").strip()
