"""Tries a draft behind its original, in a transaction that is rolled back.

``kept`` is the name of the schema that the ledger is in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from schemamig_tui.authoring.reversal.walk import Walk, obstacles
from schemamig_tui.catalog.changes import Line
from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.objects import Schema
from schemamig_tui.catalog.render import render
from schemamig_tui.engine import MigrationFile, Script, parse
from schemamig_tui.sql.dialect import Dialect


@dataclass(frozen=True)
class Trial:
    """How a trial has ended.

    ``left_out`` says why there was none, ``failed`` where the draft fails and why. ``differences``
    are the lines of how the schema differs from what it should be; none: it is as it should be.
    ``again``: it was tried the other way round, the draft and then its original.
    """

    left_out: str | None = None
    failed: str | None = None
    differences: tuple[Line, ...] = ()
    again: bool = False

    @property
    def as_before(self) -> bool:
        """Whether the draft takes back all that its original does to the schema."""
        return not (self.left_out or self.failed or self.differences)


def behind(walk: Walk, draft: Script, before: Schema, kept: str) -> Trial:
    """Run a draft where its original has run: the schema should be as ``before``."""
    return _run(walk, [draft], before, kept)


def of_applied(walk: Walk, draft: Script, original: Script | None, kept: str) -> Trial:
    """Run a draft whose original is applied, and that again: the schema should stay as it is.

    Without ``original``, of which only a part is applied, only the draft is run.
    """
    if original:
        return _run(walk, [draft, original], walk.schema(), kept)
    return replace(_run(walk, [draft], walk.schema(), kept), differences=())


def read(path: Path, text: str, dialect: Dialect) -> Script:
    """The draft as a script, just written."""
    content = text.encode()
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    file = MigrationFile(path.name, path, len(content), checksum)
    return parse(file, dialect)


def _run(walk: Walk, scripts: list[Script], wanted: Schema, kept: str) -> Trial:
    again = len(scripts) > 1
    for script in scripts:
        if reason := next(obstacles(script), None):
            return Trial(left_out=reason, again=again)
    for script in scripts:
        if stop := walk.run_all(script):
            where = "" if script is scripts[0] else f"{script.file.name} behind it, "
            return Trial(failed=f"{where}{stop}", again=again)
    now = walk.schema()
    differences = diff(_comparable(wanted, kept, "before"), _comparable(now, kept, "after"))
    return Trial(differences=render(differences), again=again)


def _comparable(schema: Schema, kept: str, database: str) -> Schema:
    """As of another database, so that what was dropped and made anew is the same. The
    schema of the ledger stays, whatever it was before.
    """
    schemas = tuple(one for one in schema.objects["schemas"] if one.name != kept)
    return replace(schema, database=database, objects={**schema.objects, "schemas": schemas})
