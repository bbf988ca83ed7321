"""Takes the way up out of a migration of another tool, without the tool's own comments.

The parts of a file are found line by line, also within bodies and strings, because the parsers of
these tools do so. How each tool spells ways back and directives is known in ``sql.directives``.
"""

import re
from typing import NamedTuple

from schemamig_tui.sql.directives import OURS, is_filled_in, no_transaction, way_back

_BOM = b"\xef\xbb\xbf"
# How the tools that keep both ways in one file begin the way up.
_WAYS_UP = {
    "goose": (re.compile(rb"--[ \t\-]*(?i:\+goose[ \t]*up)\b"), "-- +goose Up"),
    "dbmate": (re.compile(rb"--[ \t]*migrate:up(?=[ \t\r\n]|\Z)"), "-- migrate:up"),
    "node-pg-migrate": (re.compile(rb"--[ \t\-]*(?i:up[ \t]+migration)"), "-- Up Migration"),
}
_GOOSE = re.compile(rb"--[ \t\-]*(?i:\+goose)[ \t]*\S")
# What Flyway, and goose where it is asked to, put a value in the place of.
_PLACEHOLDER = re.compile(rb"\$\{[^}\r\n]*\}")


class WayUp(NamedTuple):
    """The bytes of the plain file, and whether the tool runs it without a transaction."""

    text: bytes
    no_transaction: bool


class NoWayUp(ValueError):
    """A file that cannot become a plain one: why, and its 1-based line where there is one."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line


def way_up(tool: str, text: bytes) -> WayUp:
    """The way up of a file of ``tool``. Raises NoWayUp.

    A directive for no transaction becomes ours, in the first line.
    """
    text = text.removeprefix(_BOM)
    if tool == "Flyway":
        _refuse_placeholders(text)
    if tool not in _WAYS_UP:
        directive = no_transaction(text)
        alone = directive is not None and directive.tool == tool
        return _plain(text.partition(b"\n")[2] if alone else text, alone)
    return _marked(tool, text)


def without_transaction(up: WayUp) -> WayUp:
    """The same, where something beside the file says that it has to run without a transaction."""
    return up if up.no_transaction else _plain(up.text, alone=True)


def _plain(text: bytes, alone: bool) -> WayUp:
    return WayUp(OURS.text.encode() + b"\n" + text if alone else text, alone)


def _marked(tool: str, text: bytes) -> WayUp:
    begins, spelt = _WAYS_UP[tool]
    head: list[bytes] = []
    up: list[bytes] = []
    part: list[bytes] | None = head
    alone = found = False
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        comment = line.strip()
        back = way_back(comment, b"")
        directive = no_transaction(comment)
        if directive and directive.tool == tool:
            alone = True
        if begins.match(comment):
            part, found = up, True
        elif back and back[0] == tool:
            part = None
        elif is_filled_in(comment):
            raise NoWayUp("goose puts values of the environment into it (ENVSUB ON)", number)
        elif tool == "goose" and _GOOSE.match(comment):
            continue
        elif part is not None:
            part.append(line)
    if not found and tool == "node-pg-migrate" and part is head:
        return _plain(text, alone=False)  # a file without marks is its way up
    if not found:
        raise NoWayUp(f"it has no {spelt!r}, so {tool} does not run it")
    if any(line.strip() and not line.strip().startswith(b"--") for line in head):
        raise NoWayUp(f"it has something other than comments before {spelt!r}")
    return _plain(b"".join([*head, *up]), alone)


def _refuse_placeholders(text: bytes) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _PLACEHOLDER.search(line):
            name = found[0].decode(errors="replace")
            raise NoWayUp(f"Flyway puts a value in the place of {name}", number)
