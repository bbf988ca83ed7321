"""The page on a rule: what it finds, an unsafe and a safer script, and a rehearsal of each.

The pages are files beside this one. Tests make them by really running both scripts.
"""

from pathlib import Path

from schemamig_tui.errors import SettingsError
from schemamig_tui.lint.finding import LintFinding
from schemamig_tui.lint.squawk import COVERED, NOTES, unknown_to_squawk
from schemamig_tui.spelling import did_you_mean
from schemamig_tui.text import visible

PAGES = Path(__file__).parent / "pages"


def page(rule: str) -> str:
    """The page on a rule; of other rules of squawk, where that has one.

    Raises SettingsError where there is no such rule.
    """
    known = {path.stem: path for path in PAGES.glob("*.txt")}
    if rule in known:
        return known[rule].read_text(encoding="utf-8")
    if rule in NOTES | COVERED or unknown_to_squawk([rule]) == set():
        ours = ". Our own rules find the same" if rule in COVERED else ""
        return f"A rule of squawk{ours}: {squawk_link(rule)}\n"
    meant = did_you_mean(rule, known)
    raise SettingsError(
        f"there is no page on {visible(rule)!r}",
        hint=meant or f"there are {', '.join(sorted(known))}; of others, see {squawk_link()}",
    )


def page_of(finding: LintFinding) -> str:
    """The page on the rule of a finding; where there is none, all that squawk says of it."""
    path = PAGES / f"{finding.rule}.txt"
    if path.exists():
        return path.read_text(encoding="utf-8")
    texts = (f"{finding.message}.", finding.safer and f"{finding.safer}.")
    return "\n\n".join([*filter(None, texts), squawk_link(finding.rule)])


def squawk_link(rule: str = "rules") -> str:
    """Where squawk documents a rule, or lists them all."""
    return f"https://squawkhq.com/docs/{rule}"
