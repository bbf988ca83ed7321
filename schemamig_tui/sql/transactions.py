"""BEGIN, COMMIT, ROLLBACK, savepoints, and what only works within a transaction."""

from itertools import islice

from schemamig_tui.sql.assignments import says_read_only
from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.traits import Kind, Traits
from schemamig_tui.sql.words import Words, behind, identifier


def begin(verb: bytes, sql: bytes) -> Traits | None:
    """BEGIN and START TRANSACTION, with the modes of the transaction."""
    words = behind(sql)
    if verb == b"start" and words[:1] != [b"transaction"]:
        return None
    return Traits("BEGIN", Kind.BEGIN, read_only=says_read_only(words))


def end(verb: bytes, sql: bytes) -> Traits:
    """COMMIT, END, ROLLBACK and ABORT, in all their forms."""
    words = behind(sql, 4)
    commits = verb in (b"commit", b"end")
    if words[0] == b"prepared":
        return Traits(f"{verb.decode().upper()} PREPARED", Kind.ALONE)
    if words[0] in (b"work", b"transaction"):
        words = words[1:]
    if words[0] == b"to":
        return Traits("ROLLBACK TO", outside="refuse", savepoint=_savepoint(sql))
    if words[:2] == [b"and", b"chain"]:
        kind = Kind.CHAIN if commits else Kind.ORDINARY
        label = f"{verb.decode().upper()} AND CHAIN"
        return Traits(label, kind, chained=True, outside="refuse")
    return Traits(verb.decode().upper(), Kind.COMMIT if commits else Kind.ROLLBACK)


def prepare(verb: bytes, sql: bytes) -> Traits | None:
    """PREPARE TRANSACTION; PREPARE of a statement is like any other."""
    words = behind(sql, 2)
    if words[0] == b"transaction" and words[1].endswith((b"'", b"$")):
        return Traits("PREPARE TRANSACTION", Kind.ROLLBACK)
    return None


def in_transaction(verb: bytes, sql: bytes) -> Traits:
    """What the server refuses outside a transaction block (RequireTransactionBlock)."""
    savepoint = None if verb == b"lock" else _savepoint(sql)
    return Traits(verb.decode().upper(), outside="refuse", savepoint=savepoint)


def declare(verb: bytes, sql: bytes) -> Traits | None:
    """A cursor WITH HOLD may be declared outside a transaction block, and outlives it."""
    words = Words(token[1] for token in islice(tokens(sql), 2, 12))
    words.seek(b"cursor")
    return None if words.take(b"with", b"hold") else Traits("DECLARE", outside="refuse")


def _savepoint(sql: bytes) -> str | None:
    """The name in SAVEPOINT s, RELEASE [SAVEPOINT] s, ROLLBACK [WORK] TO [SAVEPOINT] s."""
    named = [token[1] for token in tokens(sql)][-1:]
    return identifier(named[0]) if named else None
