"""Reads statements CONCURRENTLY, which use several transactions and may leave something behind."""

import re
from itertools import islice

from schemamig_tui.sql.lexer import phrase, tokens
from schemamig_tui.sql.traits import Concurrent


def concurrent(sql: bytes) -> Concurrent | None:
    """What a statement does CONCURRENTLY, in transactions of its own; None: nothing."""
    words = b" ".join(token[1] for token in islice(tokens(sql), _HEAD))
    if found := _CREATE.match(words):
        return Concurrent("create", _joined(found["on"]), found["index"])
    if (found := _REINDEX.match(words)) and (found["word"] or _OPTION.search(found["options"])):
        return Concurrent(found["what"].decode().lower(), _joined(found["on"]))
    if _DROP.match(words):
        return Concurrent("drop")
    return Concurrent("detach") if _DETACH.match(words) else None


def without_concurrently(sql: bytes) -> bytes | None:
    """A DROP INDEX CONCURRENTLY as a transaction can run it; None for another statement."""
    found = _DROP_CONCURRENTLY.match(sql)
    return found and found["drop"] + sql[found.end() :]


# The patterns are for the first words of a statement with one blank between them.
_HEAD = 32
_PART = rb'(?:"(?:[^"]|"")*+"|[^\s"().;]++)'
_NAME = _PART + rb"(?: \. " + _PART + rb")*+"
_CREATE = re.compile(
    rb"(?i)create (?:unique )?index concurrently (?:if not exists )?"
    rb"(?:(?!on )(?P<index>" + _PART + rb") )?on (?:only )?(?P<on>" + _NAME + rb")"
)
_REINDEX = re.compile(
    rb"(?i)reindex (?P<options>(?:\( [^)]*\) )?)(?P<what>index|table|schema|database)\b"
    rb"(?P<word> concurrently\b)?(?: (?P<on>" + _NAME + rb"))?"
)
_OPTION = re.compile(rb"(?i)\bconcurrently\b(?! '?(?:off|false|0)\b)")
_DROP = re.compile(rb"(?i)drop index concurrently\b")
_DROP_CONCURRENTLY = phrase(rb"(?i:(?P<drop>drop index) concurrently)")
_DETACH = re.compile(rb"(?is)alter table .*\bdetach partition .* concurrently\Z")


def _joined(name: bytes | None) -> bytes | None:
    return name and name.replace(b" . ", b".")
