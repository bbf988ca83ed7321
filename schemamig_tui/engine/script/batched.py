"""Reads the statements of a file that run in batches, with their directives."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from schemamig_tui.engine.script.cutter import Cutter
from schemamig_tui.engine.script.places import Lines, fault
from schemamig_tui.sql.batch_checks import Head, check, require_end, sets_key
from schemamig_tui.sql.batch_options import Batches, Misuse, RangeBatches, batches
from schemamig_tui.sql.bounds import RangeStatement, range_statement
from schemamig_tui.sql.directives import Word
from schemamig_tui.sql.encodings import UTF8, encoding_name
from schemamig_tui.sql.lexer import tokens


@dataclass(frozen=True, slots=True)
class BatchedStatement:
    """A statement that runs in batches, and the options that its directive, in ``line``, asks for.

    ``word`` is the name of the directive. ``range`` is the statement as it is sent for each range,
    None where it repeats as it is. ``fingerprint`` is a digest of what must not change while the
    statement is half done: its text without comments, the table, the key and the end.
    """

    word: Word
    asked: Batches
    line: int
    head: Head
    range: RangeStatement | None
    fingerprint: str


def read_batched(cut: Cutter, lines: Lines) -> Mapping[int, BatchedStatement]:
    """The statements of a file that run in batches, by number from 0. Raises FilesError."""
    _refuse_encoding(cut)
    return {i: _read(cut, lines, i) for i in cut.comments.batches}


def _refuse_encoding(cut: Cutter) -> None:
    """Refuse a file that sets another encoding, because we send the values of the key in UTF-8."""
    for i, traits in cut.traits.items():
        encoding = traits.assigns
        if encoding is None or encoding.name != "client_encoding" or encoding.value is None:
            continue
        if encoding_name(encoding.value) != UTF8:
            raise fault(
                cut.source,
                cut.starts[i],
                "A file with statements in batches has to be in UTF-8.",
                hint="Save it as UTF-8, and remove this.",
            )


def _read(cut: Cutter, lines: Lines, i: int) -> BatchedStatement:
    asked_in = cut.comments.batches[i]
    first = asked_in[0]
    if other := next((line for line in asked_in if line.word != first.word), None):
        raise fault(
            cut.source,
            other.offset,
            f"The statement has a {first.word} already.",
            hint="Remove one of the two directives.",
        )
    try:
        asked = batches(first.word, [line.options for line in asked_in])
    except Misuse as misuse:
        offset = misuse.offset
        for line in asked_in:
            if offset <= len(line.options):
                break
            offset -= len(line.options) + 1
        raise fault(cut.source, line.start + offset, misuse.message, hint=misuse.hint) from None
    sql = cut.source.read(cut.starts[i], cut.ends[i])
    try:
        head = check(first.word, sql)
        found = None
        if isinstance(asked, RangeBatches):
            found = _range(sql, asked, head)
        else:
            require_end(asked, head)
    except Misuse as misuse:
        offset = cut.starts[i] + misuse.offset
        raise fault(cut.source, offset, misuse.message, hint=misuse.hint) from None
    return BatchedStatement(
        first.word, asked, lines.line(first.offset), head, found, _fingerprint(sql, asked)
    )


def _range(sql: bytes, asked: RangeBatches, head: Head) -> RangeStatement:
    if column := sets_key(sql, head, asked.table, asked.key):
        raise Misuse(
            f"The statement sets {column}, a column of its own key: rows would move from one"
            " range into another, and be done more than once.",
            "Walk along another key, one that stays as it is.",
        )
    return range_statement(sql, asked.key, both_ends=head.verb == "call")


def _fingerprint(sql: bytes, asked: Batches) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for token in tokens(sql):
        digest.update(token[1] + b"\0")
    if isinstance(asked, RangeBatches):
        digest.update(repr((str(asked.table), asked.key, asked.open_end)).encode())
    return digest.hexdigest()
