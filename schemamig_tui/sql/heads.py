"""Reads how statements begin that write rows: of many alike only the first is read as a whole."""

import re


def writing_head(sql: bytes) -> bytes | None:
    """How a statement that writes rows begins, up to what follows the name of the table, or of the
    one column that an UPDATE sets.

    Where two begin with the same head, they touch the same: see ``adds_no_touch``.
    """
    head = _HEAD.match(sql)
    return head[0] if head else None


def adds_no_touch(sql: bytes) -> bool:
    """Whether a statement touches only what an earlier one with the same head has touched."""
    if sql[:1] in b"Ii":
        return not updates_conflicting(sql)
    return _WHERE.search(sql) is not None and not (sql[:1] in b"Uu" and _SETS_MORE.search(sql))


def updates_conflicting(sql: bytes) -> bool:
    """Whether an INSERT may change rows that are there: ON CONFLICT DO UPDATE."""
    return _UPSERTS.search(sql) is not None


_IDENTIFIER = rb'(?:[\w$\x80-\xff]++|"[^"]++")'
_TABLE = _IDENTIFIER + rb"(?:\." + _IDENTIFIER + rb")?"
_COLUMN = _IDENTIFIER + rb"\s*+="
_HEAD = re.compile(
    rb"(?i)(?:insert\s++into|delete\s++from)\s++(?!only\b)"
    + _TABLE
    + rb"(?:\s*+\(|\s++[a-z])|update\s++(?!only\b)"
    + _TABLE
    + rb"\s++set\s++"
    + _COLUMN
)
# The second column that an UPDATE sets, or what looks like one.
_SETS_MORE = re.compile(rb",\s*+(?:\(|" + _IDENTIFIER + rb"\s*+[=.\[])")
_UPSERTS = re.compile(rb"(?i)\bdo\s++update\b")
_WHERE = re.compile(rb"(?i)\bwhere\b")
