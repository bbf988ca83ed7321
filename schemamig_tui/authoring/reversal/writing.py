"""Writes a draft as a migration: SQL, with what cannot be taken back as comments."""

from collections.abc import Iterator
from datetime import date

from schemamig_tui.authoring.naming import description
from schemamig_tui.authoring.reversal.draft import Draft, Reverted, with_session
from schemamig_tui.sql.statements import traits_of
from schemamig_tui.sql.traits import Kind
from schemamig_tui.text import visible

_MOST_LINES = 60
_HEAD = 72


def title_of(original: str) -> str:
    """The title of the reversal of a file: of 20251019_add_jobs.sql it is ``rollback jobs``."""
    return f"rollback {description(original).removeprefix('add_')}".replace("_", " ")


def write(draft: Draft, original: str, today: date, *, asked: bool) -> str:
    """The text of the migration. ``asked``: the database was asked for what was there before."""
    return "\n".join([*_heading(draft, original, today, asked=asked), *_body(draft), ""])


def reverts(text: str, original: str) -> bool:
    """Whether a file that begins with ``text`` is the reversal of ``original``."""
    return _reverts(original) in text.splitlines()


def _reverts(original: str) -> str:
    return f"-- Reverts: {visible(original)}"


def _heading(draft: Draft, original: str, today: date, *, asked: bool) -> Iterator[str]:
    title = title_of(original).capitalize()
    yield f"-- Migration: {title}"
    yield _reverts(original)
    yield f"-- Date: {today:%Y-%m-%d}"
    if draft.stopped:
        yield f"-- Drafted from its text, as not all of it could be run: {visible(draft.stopped)}"
    elif not asked:
        yield "-- Drafted from its text, as it is applied: what was there before is not known."
    if not draft.complete:
        yield "-- Not everything is taken back: look for NOT TAKEN BACK."


def _body(draft: Draft) -> Iterator[str]:
    parts = list(with_session(draft.parts))
    alone = any(
        traits_of(sql.encode()).kind is Kind.ALONE for part in parts for sql in part.statements
    )
    if not alone:
        yield from ("", "BEGIN;")
    for part in parts:
        yield ""
        yield from _part(part)
    if not alone:
        yield from ("", "COMMIT;")


def _part(part: Reverted) -> Iterator[str]:
    lines = _lines(part.original)
    head = lines[0] if len(lines[0]) <= _HEAD else f"{lines[0][:_HEAD]} ..."
    yield f"-- Line {part.line}: {head}"
    yield from (f"-- {visible(remark)}" for remark in part.remarks)
    for what in part.stays:
        yield f"-- NOT TAKEN BACK: {visible(what)}."
    if part.stays:
        # A bar, as a comment that begins with what is a directive would be one.
        yield from (f"--| {line}".rstrip() for line in lines[:_MOST_LINES])
        if len(lines) > _MOST_LINES:
            yield f"--| ... and {len(lines) - _MOST_LINES:,} more lines"
    yield from (f"{sql};" for sql in part.statements)


def _lines(sql: bytes) -> list[str]:
    text = sql.decode(errors="backslashreplace").replace("\r\n", "\n").replace("\r", "\n")
    return visible(text, keep_newlines=True).split("\n")
