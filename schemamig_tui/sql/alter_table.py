"""What the actions of an ALTER TABLE take: a lock, and work on every row.

https://www.postgresql.org/docs/current/sql-altertable.html names the lock of each.
"""

import re
from collections.abc import Iterator, Sequence

from schemamig_tui.sql.locks import Lock

READS = "reads all of it"
_REWRITES = "may rewrite all of it"


def lock(actions: Sequence[bytes]) -> Lock:
    """The lock on the table: that of the action that needs the strongest one."""
    return max(map(_lock, _each(actions)))


def work(actions: Sequence[bytes]) -> str | None:
    """What the actions do with every row."""
    words = _lower(actions)
    if _REWRITING.search(words):
        return _REWRITES
    return READS if _READING.search(words) and not _UNREAD.search(words) else None


def _lock(action: Sequence[bytes]) -> Lock:
    words = _lower(action)
    return next((mode for mode, gentle in _GENTLE.items() if gentle.match(words)), _STRONGEST)


def _each(actions: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start = depth = 0
    for i, word in enumerate(actions):
        depth += (word == b"(") - (word == b")")
        if word == b"," and depth == 0:
            yield actions[start:i]
            start = i + 1
    yield actions[start:]


def _lower(words: Sequence[bytes]) -> bytes:
    """The words in lower case, of a string or a quoted name only its end."""
    return b" ".join(word[-1:] if word[-1:] in b"'\"$" else word.lower() for word in words)


_STRONGEST = Lock.ACCESS_EXCLUSIVE
_GENTLE = {
    Lock.SHARE_UPDATE_EXCLUSIVE: re.compile(
        rb"(?:validate constraint|attach partition|cluster on|set without cluster)\b"
        rb"|(?:alter (?:column )?\S+ )?(?:set statistics\b|(?:re)?set \()"
        rb"|detach partition .* concurrently$"
    ),
    Lock.SHARE_ROW_EXCLUSIVE: re.compile(
        rb"add (?:constraint \S+ )?foreign key\b|(?:en|dis)able (?:always |replica )?trigger\b"
    ),
}
# A default is computed for every row where it may differ from row to row: a function, but now().
_REWRITING = re.compile(
    rb"\balter (?:column )?\S+ (?:set data )?type\b"
    rb"|\bset (?:logged|unlogged|tablespace|access method)\b"
    rb"|serial\b|(?<!add )\bgenerated (?!.*\bvirtual\b)"
    rb"|(?<!set )\bdefault (?!now )\S+(?: \. \S+)? \("
)
_READING = re.compile(
    rb"\b(?:set not null|validate constraint|check|unique|primary key|references)\b"
    rb"|\bexclude (?:using\b|\()"
)
_UNREAD = re.compile(rb"\bnot valid\b|\busing index\b")
