"""Writes a rehearsal as a page of Markdown, for a pull request.

All that comes from files and servers stands in code: nothing in it is taken for Markdown or HTML.
"""

from collections.abc import Iterator

from schemamig_tui.catalog.render import render, text
from schemamig_tui.engine import describe
from schemamig_tui.engine.batch_wording import batch_event
from schemamig_tui.engine.events import FileFailed
from schemamig_tui.markdown import code_block, code_span
from schemamig_tui.rehearsal.events import (
    FileLeftOut,
    FileRehearsed,
    RehearsalFinished,
    RelationLock,
    ScratchUsed,
)
from schemamig_tui.rehearsal.wording import (
    UNCOUNTED,
    blocking,
    exclusive,
    left_behind,
    on_scratch,
    over_budget,
    there,
    unlike,
    work,
)
from schemamig_tui.reporting.rehearsal_page import (
    SLOW,
    TITLE,
    FileOnPage,
    RehearsalPage,
    StatementOnPage,
)
from schemamig_tui.text import visible
from schemamig_tui.units import duration, plural, size


def markdown(page: RehearsalPage) -> str:
    """The whole page, which ends with a newline: the sum on top, then file by file."""
    lines = [TITLE]
    if page.database:
        lines += [f"Database: {code_span(str(page.database))}", ""]
    if page.on_scratch:
        lines += [*_scratch(page.on_scratch), ""]
    lines += _summary(page.finished, is_scratch=page.on_scratch is not None)
    lines += _advice(page, None)
    for file in page.files.values():
        lines += ["", f"## {_headline(file)}", "", *_file(page, file)]
    return "\n".join(lines).rstrip() + "\n"


def _scratch(found: ScratchUsed) -> Iterator[str]:
    where, tells = on_scratch(found)
    yield f"{code_span(where)}. {tells}"
    if sentence := unlike(found):
        yield from ("", f"**{code_span(sentence)}**")


def _summary(finished: RehearsalFinished | None, *, is_scratch: bool) -> Iterator[str]:
    if finished is None:
        yield "The rehearsal has not come to its end; nothing is changed."
        return
    counts = [f"{len(finished.rehearsed):,} rehearsed"]
    for names, what in (
        (finished.left_out, "left out"),
        ((finished.failed,) if finished.failed else (), "failed"),
        (finished.remaining, "not come to"),
    ):
        if names:
            counts.append(f"{len(names):,} {what}")
    took = f"; rolled back after {duration(finished.ms)}, {size(finished.wal)} of WAL"
    yield f"**{', '.join(counts)}**{'' if is_scratch else took}"
    sizes = finished.sizes
    facts = [
        *(blocking(one, sizes, duration, code_span) for one in finished.outages),
        *(f"Rewrites {code_span(one)}{there(one, sizes)}" for one in finished.rewritten),
        *(f"Empties {code_span(one)}{there(one, sizes)}" for one in finished.emptied),
        *(f"Over budget: {code_span(line)}" for line in over_budget(finished)),
        *(f"Left behind: {code_span(line)}" for line in left_behind(finished)),
        *(f"Moved on: sequence {code_span(name)}" for name in finished.sequences),
    ]
    if not finished.counted:
        facts.append(UNCOUNTED)
    if facts:
        yield ""
        yield from (f"- {fact}" for fact in facts)


def _advice(page: RehearsalPage, name: str | None) -> Iterator[str]:
    for i, advice in enumerate(page.advice_on(name)):
        if not i:
            yield ""
        line = f" (line {advice.line})" if advice.line else ""
        yield f"- {advice.severity}{line}: {code_span(page.message(advice))}"
        if advice.hint:
            yield f"  - {code_span(advice.hint)}"


def _headline(file: FileOnPage) -> str:
    name = code_span(file.name)
    match file.end:
        case FileRehearsed(ms=ms):
            took = "" if ms is None else f": {duration(ms)}"
            return f"✓ {name}{took}{exclusive(file.end, duration)}"
        case FileLeftOut():
            return f"• {name}: left out"
        case FileFailed(ms=ms):
            return f"✗ {name}: failed after {duration(ms)}"
    return name


def _file(page: RehearsalPage, file: FileOnPage) -> Iterator[str]:
    match file.end:
        case FileLeftOut(reason=reason):
            yield code_span(reason)
        case FileFailed(failure=failure):
            yield from code_block(describe(failure, visible(file.name)))
        case FileRehearsed(changes=changes) if changes:
            yield from code_block(text(render(changes)), "diff")
        case FileRehearsed():
            yield "The schema stays as it is."
    yield from _advice(page, file.name)
    if file.statements:
        yield from ("", "| line | statement | time | locks | did |", "|---|---|---|---|---|")
        yield from map(_row, file.statements)
    if file.quiet:
        others = plural(file.quiet, "other statement")
        each = "" if page.on_scratch else f", each under {SLOW} ms,"
        yield from ("", f"{others}{each} took no new lock.")


def _row(one: StatementOnPage) -> str:
    finished = one.finished
    took = "" if finished.ms is None else duration(finished.ms)
    locks = "<br>".join(map(_lock, one.locks))
    return f"| {finished.line} | {code_span(finished.tag)} | {took} | {locks} | {_did(one)} |"


def _lock(lock: RelationLock) -> str:
    blocks = f", blocks {', '.join(lock.blocks)}" if lock.blocks else ""
    return code_span(f"{lock.mode} on {lock.relation}") + blocks


def _did(one: StatementOnPage) -> str:
    lines = [f"rewritten: {name}{there(name, one.sizes)}" for name in one.rewritten]
    lines += [line for done in one.work for line in work(done, one.finished.tag)]
    if one.batch:
        lines.append(batch_event(one.batch))
    return "<br>".join(map(code_span, lines))
