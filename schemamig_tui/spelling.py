"""Finds the known word that was most likely meant by a mistyped one."""

from collections.abc import Iterable

_LIKE = 0.6  # the share of letters in common, as difflib counts it


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The word of ``known`` that begins with ``word``, or else is most like it; None: none is."""
    import difflib  # only a mistake needs it

    words = list(known)
    longer = [other for other in words if word and other.startswith(word)]
    found = longer or difflib.get_close_matches(word, words, n=1, cutoff=_LIKE)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``Did you mean WORD?``, or nothing where no known word is like it."""
    meant = nearest(word, known)
    return f"Did you mean {meant}?" if meant else ""
