"""Advice: the note or warning that a check before a run returns."""

from dataclasses import dataclass
from typing import Literal

from schemamig_tui.text import visible


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to know before a run; it never stops one.

    A ``warning`` is what may make a statement wait, take long or fail, a ``note`` anything else.
    ``message`` is one sentence, ``hint`` what can be done, ``file`` and ``line`` (from 1) the
    statement that it is about. ``query`` is the part of the message that quotes another session,
    which not everybody should read. All of it is safe to show.
    """

    severity: Literal["note", "warning"]
    message: str
    hint: str | None = None
    file: str | None = None
    line: int | None = None
    query: str = ""

    @property
    def without_query(self) -> str:
        """The message without what another session runs."""
        return self.message.replace(self.query, "")

    @property
    def place(self) -> str:
        """``file:line``, as far as known."""
        return ":".join(str(part) for part in (self.file, self.line) if part)


def note(
    message: str,
    *,
    hint: str | None = None,
    file: str | None = None,
    line: int | None = None,
    query: str = "",
) -> Advice:
    """A note, made safe to show."""
    return _made("note", message, hint, file, line, query)


def warning(
    message: str,
    *,
    hint: str | None = None,
    file: str | None = None,
    line: int | None = None,
    query: str = "",
) -> Advice:
    """A warning, made safe to show."""
    return _made("warning", message, hint, file, line, query)


def describe(advice: Advice) -> list[str]:
    """The advice as lines of text: the first says it all, a second one what can be done."""
    place = f"{advice.place}: " if advice.place else ""
    lines = [f"{advice.severity}: {place}{advice.message}"]
    if advice.hint:
        lines.append(f"  hint: {advice.hint}")
    return lines


def _made(
    severity: Literal["note", "warning"],
    message: str,
    hint: str | None,
    file: str | None,
    line: int | None,
    query: str,
) -> Advice:
    return Advice(
        severity,
        visible(message),
        hint and visible(hint),
        file and visible(file),
        line,
        visible(query),
    )
