"""Finds what takes back ALTER on all objects but tables and the like."""

import re
from dataclasses import replace

from schemamig_tui.sql.inverse.alter_table import actions
from schemamig_tui.sql.inverse.dropping import default_privileges
from schemamig_tui.sql.inverse.inverse import Ask, Inverse, Named, unknown
from schemamig_tui.sql.inverse.objects import (
    NOT_IN_SCHEMA,
    RELATIONS,
    ObjectReference,
    take_kind,
    take_reference,
    with_table,
)
from schemamig_tui.sql.inverse.reader import StatementReader

_BY_ACTIONS = (*(RELATIONS - {"SEQUENCE"}), "TYPE", "DOMAIN")
_MEMBERS = {"add": "DROP", "drop": "ADD"}
_SETTINGS = ("DATABASE", "GROUP", "ROLE", "USER")
_SET = re.compile(r"(?i)set\s+(?P<name>[\w.]+)\s*(?:=|\bto\b|\bfrom\b)")


def alter(reader: StatementReader) -> Inverse:
    """The inverse of a statement behind its word ALTER."""
    if reader.take("default", "privileges"):
        return default_privileges(reader)
    if reader.take("system"):
        return unknown("the setting of the server that was there before")
    found = take_kind(reader)
    if found is None:
        return unknown("what it alters")
    kind, form = found
    missing_ok = " IF EXISTS" if reader.take("if", "exists") else ""
    if reader.take("all", "in", "tablespace"):
        return unknown("which of them were in that tablespace")
    reference = take_reference(reader, kind, form)
    if reference is None:
        return unknown(f"which {kind.lower()} it alters")
    head = f"ALTER {kind}{missing_ok}"
    moved = _moved(reader, head, reference)
    if moved:
        return moved
    if kind in _BY_ACTIONS:
        return actions(reader, kind, head, reference)
    if kind == "SEQUENCE" and reader.take("owned", "by"):
        return _owned(reader, head, reference)
    itself = (Named(kind, str(reference)),)
    return replace(_other(reader, kind, head, reference), on=itself)


def _moved(reader: StatementReader, head: str, reference: ObjectReference) -> Inverse | None:
    """The inverse of a new name, schema or owner; None for anything else."""
    itself = (Named(reference.kind, str(reference)),)
    if reader.take("rename", "to"):
        back = f"{head} {reference.renamed(reader.next())} RENAME TO {reference.parts[-1]}"
        return Inverse(sql=(back,), moves=itself)
    if reader.take("set", "schema"):
        moved = replace(reference, parts=(reader.next(), reference.parts[-1]))
        if len(reference.parts) == 1:
            return Inverse(ask=Ask.SCHEMA, needs=("the schema that it was in",), moves=itself)
        return Inverse(sql=(f"{head} {moved} SET SCHEMA {reference.parts[-2]}",), moves=itself)
    if reader.take("owner", "to"):
        ask = None if reference.kind in NOT_IN_SCHEMA else Ask.SCHEMA
        return Inverse(ask=ask, needs=("the owner that it had",), on=itself)
    if reader.take("depends", "on", "extension"):
        return Inverse(sql=(f"{head} {reference} NO DEPENDS ON EXTENSION {reader.next()}",))
    if reader.take("no", "depends", "on", "extension"):
        return Inverse(sql=(f"{head} {reference} DEPENDS ON EXTENSION {reader.next()}",))
    return None


def _owned(reader: StatementReader, head: str, reference: ObjectReference) -> Inverse:
    """The inverse of OWNED BY a column: from then on the sequence is dropped with the column."""
    return Inverse(
        sql=(f"{head} {reference} OWNED BY NONE",),
        ask=Ask.SCHEMA,
        doubts=("This is right if it was not owned before.",),
        on=with_table(reader.path()),
        takes_along=(Named("SEQUENCE", str(reference)),),
    )


def _other(reader: StatementReader, kind: str, head: str, reference: ObjectReference) -> Inverse:
    if kind == "EXTENSION":
        return _extension(reader, head, reference)
    if kind == "PUBLICATION":
        return _publication(reader, head, reference)
    if kind == "GROUP" and reader.peek(1) == "user":
        word = _MEMBERS.get(reader.next().lower(), "")
        return Inverse(sql=(f"{head} {reference} {word} {reader.rest()}",))
    if kind == "EVENT TRIGGER" and (word := reader.take_any("enable", "disable")):
        back = "DISABLE" if word == "enable" else "ENABLE"
        return (
            Inverse(sql=(f"{head} {reference} {back}",))
            if not reader.peek()
            else unknown("when it fired before")
        )
    if kind in _SETTINGS:
        return _setting(reader, head, reference)
    if kind in NOT_IN_SCHEMA:
        return unknown(f"what the {kind.lower()} was like before")
    return Inverse(ask=Ask.SCHEMA, needs=(f"what the {kind.lower()} was like before",))


def _extension(reader: StatementReader, head: str, reference: ObjectReference) -> Inverse:
    if reader.take("update"):
        return Inverse(
            ask=Ask.SCHEMA, lost=("the version before, which an update cannot go back to",)
        )
    word = _MEMBERS.get(reader.next().lower())
    if word is None:
        return unknown("what the extension was like before")
    return Inverse(sql=(f"{head} {reference} {word} {reader.rest()}",))


def _publication(reader: StatementReader, head: str, reference: ObjectReference) -> Inverse:
    word = _MEMBERS.get(reader.next().lower())
    if word is None:
        return unknown("what the publication was like before")
    tables = reader.rest()
    # What is dropped had columns and a condition that are not known.
    if word == "ADD":
        remark = "The columns and rows that were published of it are not known."
        return Inverse(sql=(f"{head} {reference} ADD {tables}",), remarks=(remark,))
    named = re.sub(r"(?i)\s*\([^()]*\)|\s+where\s*\(.*\)", "", tables)
    return Inverse(sql=(f"{head} {reference} DROP {named}",))


def _setting(reader: StatementReader, head: str, reference: ObjectReference) -> Inverse:
    """The inverse of a setting with which the sessions of a role or database start."""
    where = ""
    if reader.take("in", "database"):
        where = f" IN DATABASE {reader.next()}"
    found = _SET.match(reader.rest())
    if not found or found["name"].lower() == "tablespace":
        return unknown(f"what the {reference.kind.lower()} was like before")
    return Inverse(
        sql=(f"{head} {reference}{where} RESET {found['name']}",),
        doubts=("This is right if it was not set before.",),
    )
