"""Writes the findings of a comparison with a branch as sentences, for the UI and the commands."""

from collections.abc import Iterator

from schemamig_tui.authoring.against import BranchComparison, Finding, Problem
from schemamig_tui.text import Styled, visible
from schemamig_tui.units import plural


def comparison_lines(compared: BranchComparison) -> Iterator[Styled]:
    """One line for each file that is not as it should be, or one that all are."""
    ref = visible(compared.ref)
    new = plural(len(compared.new), "new migration")
    if not compared.findings:
        if compared.last is None:
            yield "plain", f"{ref} has no migrations in this folder, so nothing is compared: {new}"
            return
        behind = f" behind {visible(compared.last)}" if compared.new else ""
        yield "plain", f"In order: {new}{behind}, and none of {ref} has changed"
        return
    for finding in compared.findings:
        yield "bad", f"{visible(finding.name)}: {problem_in_words(finding, compared)}"
    yield "plain", ""
    yield "plain", f"{plural(len(compared.findings), 'finding')} against {ref}, {new}"


def problem_in_words(finding: Finding, compared: BranchComparison) -> str:
    """What is wrong with a file, as a sentence without its subject."""
    ref = visible(compared.ref)
    if finding.problem is Problem.OUT_OF_ORDER:
        way_out = f"; as {visible(finding.in_order)} it would not" if finding.in_order else ""
        return f"sorts before {visible(compared.last or '')}, which {ref} has{way_out}"
    if finding.renamed_to:
        return f"renamed to {visible(finding.renamed_to)} since {ref}, so it would run again"
    return f"{finding.problem} since {ref}"
