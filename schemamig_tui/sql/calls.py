"""Decides whether a statement may run code that people have written: functions, triggers."""

from collections.abc import Sequence

from schemamig_tui.sql.lexer import WORD, tokens
from schemamig_tui.sql.new_relations import names_beside_new

_ALWAYS_QUIET = frozenset((b"comment", b"grant", b"revoke", b"drop", b"begin", b"commit"))
# To define something is not to run it.
_DEFINED = frozenset((b"function", b"procedure", b"trigger", b"view", b"policy", b"schema"))
# These look at the rows that there are, with whatever functions they and the types have.
_LOOKS = frozenset((b"using", b"check", b"type", b"validate", b"attach", b"generated"))
# What may stand in front of a parenthesis without being called.
_NOT_CALLED = frozenset(
    b"key unique include numeric decimal varchar char character varying bit time timestamp"
    b" timestamptz set with vector".split()
)


# What stands in ALTER TABLE and its like where rows are read, or an index is built.
_WORK = frozenset(
    b"not primary unique foreign references exclude index logged unlogged tablespace cluster"
    b" detach inherit partition materialized method".split()
)


def only_changes_catalogs(sql: bytes) -> bool:
    """Whether it runs no code and touches no rows, so that its text tells what it locks."""
    if may_run_code(sql):
        return False
    return _WORK.isdisjoint(token[1].lower() for token in tokens(sql))


def may_run_code(sql: bytes) -> bool:
    """Whether a statement may run code, by its text; event triggers do not count."""
    words = [token[1].lower() for token in tokens(sql)]
    match words[:2]:
        case [verb, *_] if verb in _ALWAYS_QUIET:
            return False
        case [b"create", _]:
            kinds = words[1:6]
            kind = next((word for word in kinds if word not in (b"or", b"replace")), b"")
            return kind not in _DEFINED and names_beside_new(sql) is None
        case [b"alter", b"table"]:
            return not _LOOKS.isdisjoint(words) or _calls(words)
    return True


def names_advisory_locks(sql: bytes) -> bool:
    """Whether advisory locks are named anywhere, in a string or the body of a function as well."""
    return b"advisory" in sql.lower()


def _calls(words: Sequence[bytes]) -> bool:
    """Whether something is called in ALTER TABLE, as far as that can be told."""
    return any(
        behind == b"("
        and (WORD.fullmatch(word) or word.endswith(b'"'))
        and word not in _NOT_CALLED
        and before != b"references"
        for before, word, behind in zip(words, words[1:], words[2:], strict=False)
    )
