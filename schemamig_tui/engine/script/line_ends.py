"""Finds out whether a file once had a certain MD5, with other line ends.

Line ends never count, because Git, editors and unzip change them. For a file with one kind of line
end, its MD5 with another kind is easily computed. For a file that had several kinds, one would have
to try 2 or 3 to the power of the number of lines. So only these are tried, in this order, while the
``budget`` lasts, first with LF and CRLF, and then with the lone CR of old systems, too:

- the file begins with one kind and goes on with another, at whatever line: something was pasted,
  or appended, on another system;
- up to 12 line ends of two kinds, or 7 of three, in every way;
- a block of lines has one kind and all the rest another, short blocks first.

Any other mixture counts as a change of the file, though it is none: an MD5 tells no more.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, permutations
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

BUDGET = 16 * 1024 * 1024
"""How many bytes may be hashed for all changed files together: about 50 ms."""

_LONGEST = 1024 * 1024
# By how many kinds there are.
_IN_EVERY_WAY = {2: 12, 3: 7}
# What a digest costs next to its bytes, in bytes.
_DIGEST = 1024


def had_mixed_line_ends(path: Path, content: str, recorded: str, budget: int) -> bool:
    """Whether the file, whose MD5 is ``content``, once had the MD5 ``recorded`` by its line ends.

    A single kind of line end is not tried here (see ``files.same_content``). Also False where
    nobody can tell, because the budget is used up, or the file cannot be read or has changed by
    now.
    """
    try:
        return _had_mixed_line_ends(path, content, recorded, budget)
    except OSError:
        return False


@lru_cache(maxsize=1024)
def _had_mixed_line_ends(path: Path, content: str, recorded: str, budget: int) -> bool:
    if path.stat().st_size > _LONGEST:
        return False
    text = path.read_bytes()
    if hashlib.md5(text, usedforsecurity=False).hexdigest() != content:
        raise OSError("the file has changed meanwhile")
    for digest, cost in _candidates(text):
        budget -= cost + _DIGEST
        if budget < 0:
            return False
        if digest.hexdigest() == recorded:
            return True
    return False


def _candidates(text: bytes) -> "Iterator[tuple[_Hash, int]]":
    """Digests of the text with mixed line ends, each with how many bytes were hashed for it."""
    lines = text.replace(b"\r\n", b"\n").split(b"\n")
    yield from _mixed(lines, (b"\n", b"\r\n"), [(b"\n", b"\r\n"), (b"\r\n", b"\n")])
    kinds = (b"\n", b"\r\n", b"\r")
    with_cr = [pair for pair in permutations(kinds, 2) if b"\r" in pair]
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    yield from _mixed(lines, kinds, with_cr)


def _mixed(
    lines: list[bytes], kinds: Sequence[bytes], pairs: Sequence[tuple[bytes, bytes]]
) -> "Iterator[tuple[_Hash, int]]":
    """The lines with two kinds of end each, or, where they are few, with all ``kinds``."""
    ends = len(lines) - 1
    texts = {kind: _Text(lines, kind) for kind in kinds}
    for base, other in pairs:
        yield from _beginnings(texts[base], texts[other])
    if ends <= _IN_EVERY_WAY[len(kinds)]:
        yield from _every_way(lines, kinds)
        return
    for length in range(1, ends):
        for base, other in pairs:
            yield from _blocks(texts[base], texts[other], length)


class _Text:
    """The lines with one kind of end, and where each of them starts."""

    def __init__(self, lines: list[bytes], end: bytes) -> None:
        self.text = memoryview(end.join(lines))
        self.starts = [0, *accumulate(len(line) + len(end) for line in lines[:-1])]
        self._prefixes: list[_Hash] = []

    def prefix(self, line: int) -> "_Hash":
        """The digest of everything in front of a line; asked for in rising order."""
        known = self._prefixes
        if not known:
            known.append(hashlib.md5(usedforsecurity=False))
        while len(known) <= line:
            digest = known[-1].copy()
            start, stop = self.starts[len(known) - 1 : len(known) + 1]
            digest.update(self.text[start:stop])
            known.append(digest)
        return known[line].copy()


def _beginnings(base: _Text, other: _Text) -> "Iterator[tuple[_Hash, int]]":
    for line in range(1, len(base.starts) - 1):
        digest = other.prefix(line)
        rest = base.text[base.starts[line] :]
        digest.update(rest)
        yield digest, len(rest)


def _blocks(base: _Text, other: _Text, length: int) -> "Iterator[tuple[_Hash, int]]":
    # One at the beginning or at the end has been tried already.
    for line in range(1, len(base.starts) - 1 - length):
        digest = base.prefix(line)
        block = other.text[other.starts[line] : other.starts[line + length]]
        rest = base.text[base.starts[line + length] :]
        digest.update(block)
        digest.update(rest)
        yield digest, len(block) + len(rest)


def _every_way(lines: list[bytes], kinds: Sequence[bytes]) -> "Iterator[tuple[_Hash, int]]":
    start = [hashlib.md5(usedforsecurity=False)]
    for line in lines[:-1]:
        start = [_with(digest, line + end) for digest in start for end in kinds]
    for digest in start:
        yield _with(digest, lines[-1]), len(lines[-1])


def _with(digest: "_Hash", text: bytes) -> "_Hash":
    longer = digest.copy()
    longer.update(text)
    return longer
