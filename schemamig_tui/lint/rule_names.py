"""Tells which names of rules in the settings have no effect."""

from collections.abc import Iterator, Sequence

from schemamig_tui.lint import silence
from schemamig_tui.lint.lint import RULES
from schemamig_tui.lint.page import PAGES
from schemamig_tui.lint.squawk import COVERED, NOTES, SYNTAX_ERROR, unknown_to_squawk
from schemamig_tui.spelling import did_you_mean
from schemamig_tui.text import visible

_FIXED = frozenset(rule.name for rule in silence.RULES)


def remarks(names: Sequence[str], where: str) -> tuple[str, ...]:
    """A sentence on each name that has no effect; ``where`` says where in the settings they are."""
    return tuple(f"{where} {visible(name)} {why}" for name, why in _reasons(names))


def _reasons(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    others = []
    for name in names:
        if name in _FIXED:
            yield name, "has no effect: no setting changes this rule"
        elif name in COVERED:
            yield name, "has no effect: of squawk's rules, this one is left to ours"
        elif name not in RULES and name != SYNTAX_ERROR:
            others.append(name)
    if not others:
        return
    pages = (path.stem for path in PAGES.glob("*.txt"))
    known = sorted({*RULES, *NOTES, *pages} - _FIXED)
    unknown = unknown_to_squawk(others)
    for name in others:
        meant = did_you_mean(name, known)
        if unknown is None:  # squawk is not there, so only a likely mistake is one
            if meant and name not in known:
                yield name, f"is no rule of ours. {meant}"
        elif name in unknown:
            yield name, f"is no rule. {meant}".rstrip()
