"""Explains why the server refused to write a row of the ledger, with the way out.

The questions are asked after the rollback, in a session that sees the database as it is.
"""

import re
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import errors as pg_errors
from psycopg import sql
from psycopg.errors import Diagnostic

from schemamig_tui.engine.ledger.rows import LedgerRefusal
from schemamig_tui.engine.ledger.shape import COLUMNS, ask, hidden_rows, readable, rules
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.ledger.writes import GONE, SWALLOWED, TAKEN
from schemamig_tui.text import some_names, visible


def explain_write(
    conn: psycopg.Connection[Any], ledger: Ledger, name: str, error: Diagnostic
) -> LedgerRefusal | None:
    """Why the row of the file ``name`` was refused; None where the server's ``error`` says it all.

    Raises psycopg.Error.
    """
    code = error.sqlstate
    if code == pg_errors.InsufficientPrivilege.sqlstate:
        facts = ledger.facts(conn)
        if facts.hidden:
            return hidden_rows(facts, ledger.name)
        hint = ledger.grants(conn)
        if facts.may_record:  # now that the file is rolled back
            hint = f"have the file leave the rights to the ledger as they are; or else: {hint}"
        return LedgerRefusal(error.message_primary or "permission denied", hint)
    # With a context it is another table, which a trigger of the ledger has asked for.
    is_ledger = code == pg_errors.UndefinedTable.sqlstate and not error.context
    if is_ledger and ledger.facts(conn).kind:
        return LedgerRefusal(
            f"the file has dropped, renamed or moved {ledger.name}",
            "have it leave the ledger where it is: its row is written at its end",
        )
    if code == pg_errors.FeatureNotSupported.sqlstate and (
        refusal := rules(ledger.facts(conn), ledger.name)
    ):
        return refusal
    if code == pg_errors.UniqueViolation.sqlstate:
        return _explain_conflict(conn, ledger, name, error)
    if code == pg_errors.UntranslatableCharacter.sqlstate:
        encoding = conn.info.parameter_status("server_encoding")
        why = f"the database is in {encoding}, which cannot hold the name of the file"
        return LedgerRefusal(why, "rename the file, or use a database in UTF8")
    if is_own_check(error):
        return _explain_own_check(conn, ledger, name, error.message_primary or "")
    if code == pg_errors.StringDataRightTruncation.sqlstate and (
        refusal := _explain_length(conn, ledger, name)
    ):
        return refusal
    if code in _NO_NUMBER and (refusal := _explain_end(conn, ledger, error)):
        return refusal
    return _explain_rest(conn, ledger, error)


# What a sequence says at its end, and the type of a column that is narrower than its sequence.
_NO_NUMBER = (
    pg_errors.SequenceGeneratorLimitExceeded.sqlstate,
    pg_errors.NumericValueOutOfRange.sqlstate,
)
_OF_ITS_SHAPE = ("42", "0A")
_OF_ITS_VALUES = ("22", "23", "P0")


def _explain_end(
    conn: psycopg.Connection[Any], ledger: Ledger, error: Diagnostic
) -> LedgerRefusal | None:
    """The refusal where the numbers of a column are used up; None where none is from a sequence."""
    names = map(sql.Literal, (ledger.schema, ledger.table))
    found = ask(conn, _NUMBERED, *names).fetchone()
    if found is None:
        return None
    column, sequence, descends = found
    end = "MINVALUE" if descends else "MAXVALUE"
    return LedgerRefusal(
        error.message_primary or "the numbers are used up",
        f"ALTER TABLE {ledger.name} ALTER {readable(column)} TYPE bigint;"
        f" ALTER SEQUENCE {visible(sequence)} AS bigint NO {end};",
    )


def _explain_rest(
    conn: psycopg.Connection[Any], ledger: Ledger, error: Diagnostic
) -> LedgerRefusal | None:
    """What in the table has refused the row; None for an error that has nothing to do with it."""
    message, kind = error.message_primary or "", (error.sqlstate or "")[:2]
    if kind in _OF_ITS_SHAPE and not error.context:
        return LedgerRefusal(
            f"the file, or somebody else, has changed what {ledger.name} is: {message}",
            "have it leave the ledger as it is: its row is written at its end",
        )
    if kind not in (*_OF_ITS_SHAPE, *_OF_ITS_VALUES):
        return None
    what = "constraints, defaults, partitions and triggers"
    if error.constraint_name and error.table_name == ledger.table:
        what = f"constraint {visible(error.constraint_name)}"
    elif error.context and (triggers := _names(conn, ledger, _TRIGGERS)):
        what = f"trigger {triggers}"
    return LedgerRefusal(
        message,
        f"have the {what} of {ledger.name} let every migration be recorded, or name another table"
        " with --table",
    )


def _explain_own_check(
    conn: psycopg.Connection[Any], ledger: Ledger, name: str, failed: str
) -> LedgerRefusal:
    """Why one of our own checks of a written row has failed; ``failed`` says which."""
    if TAKEN in failed:
        return LedgerRefusal(
            f"the row in the ledger {ledger.name} is not what this run has written last",
            "another run is at this file, or somebody has changed the row: see what is there, and"
            " apply again",
        )
    if SWALLOWED in failed:
        return LedgerRefusal(
            f"{_its_trigger(conn, ledger)} has kept {ledger.name} from taking the row",
            "let it return the row as it is, or disable it for this role",
        )
    return _explain_gone(conn, ledger, name)


def is_own_check(error: Diagnostic) -> bool:
    """Whether one of our own checks has failed: its SQLSTATE would only mislead people."""
    if error.sqlstate != pg_errors.InvalidTextRepresentation.sqlstate:
        return False
    return any(check in (error.message_primary or "") for check in (SWALLOWED, GONE, TAKEN))


def explain_loss(
    conn: psycopg.Connection[Any], ledger: Ledger, names: Sequence[str]
) -> LedgerRefusal:
    """The refusal where rows of files are gone that had been written and committed.

    Raises psycopg.Error.
    """
    return LedgerRefusal(
        f"the ledger {ledger.name} has not kept the row of {some_names(names)}, which was applied:"
        f" {_its_trigger(conn, ledger)}, or somebody, has deleted it",
        "have the trigger leave the rows of the ledger, and write them down again, or undo by hand"
        " what is in the files: the next run applies them again",
    )


def _explain_gone(conn: psycopg.Connection[Any], ledger: Ledger, name: str) -> LedgerRefusal:
    triggers = _names(conn, ledger, _TRIGGERS)
    who = f"the file, the trigger {triggers} or somebody" if triggers else "the file or somebody"
    return LedgerRefusal(
        f"{who} else has deleted the row of {visible(name)} in {ledger.name}, or made it a success,"
        " while the file ran",
        "have nothing but this program write that row: it says how far the file is",
    )


def _explain_length(
    conn: psycopg.Connection[Any], ledger: Ledger, name: str
) -> LedgerRefusal | None:
    # A ledger whose other columns are too short is no ledger: see ``shape.unusable``.
    is_now = ledger.facts(conn).columns["filename"].type
    length = re.search(r"\((\d+)\)", is_now)
    if length is None or len(name) <= int(length[1]):
        return None
    return LedgerRefusal(
        f"the name of the file is too long for the column filename of {ledger.name}, which is"
        f" {is_now}",
        f"ALTER TABLE {ledger.name} ALTER filename TYPE character varying(255);",
    )


def _its_trigger(conn: psycopg.Connection[Any], ledger: Ledger) -> str:
    triggers = _names(conn, ledger, _TRIGGERS)
    return f"its trigger {triggers}" if triggers else "a trigger"


def _explain_conflict(
    conn: psycopg.Connection[Any], ledger: Ledger, name: str, error: Diagnostic
) -> LedgerRefusal | None:
    if error.context:  # in another table, which a trigger of the ledger writes
        return _explain_rest(conn, ledger, error)
    message = error.message_primary or "the row is there already"
    table = error.schema_name or ledger.schema, error.table_name or ledger.table  # or a partition
    names = map(sql.Literal, (*table, error.constraint_name or ""))
    columns = {column: rest for column, *rest in ask(conn, _UNIQUE, *names)}
    if "filename" not in columns:
        numbered = next((column for column in columns if column not in COLUMNS), None)
        if numbered:
            return _behind(ledger, numbered, *columns[numbered])
        return LedgerRefusal(
            f"{message}, and migrations may be alike in that",
            f"DROP INDEX {readable(table[0])}.{readable(error.constraint_name or '')};  -- or the"
            " constraint of that name",
        )
    rows = sql.SQL("SELECT filename, success FROM {} WHERE filename = {}").format(
        ledger.identifier, sql.Literal(name)
    )
    found = conn.execute(rows).fetchone()
    if found is None:
        return LedgerRefusal(
            message, "another program, or the file itself, has recorded this migration"
        )
    recorded, success = found
    if recorded != name:
        return LedgerRefusal(
            f"the column filename of {ledger.name} has a collation that does not tell"
            f" {visible(name)} from {visible(recorded)}",
            f"rename the file, or ALTER TABLE {ledger.name} ALTER filename TYPE varchar(255)"
            ' COLLATE "C";',
        )
    if success is False:
        return LedgerRefusal(
            f"the row of the last try in {ledger.name} cannot be changed",
            f"{_its_trigger(conn, ledger)} may keep it as it is: let it return the new row",
        )
    return LedgerRefusal(
        message,
        "another program, or an earlier file of this run, such as a dump that has the ledger in it,"
        " has recorded this migration meanwhile; what it did here is undone, and the next run goes"
        " on behind it",
    )


def _behind(
    ledger: Ledger, column: str, sequence: str | None, descends: bool | None, cycles: bool | None
) -> LedgerRefusal:
    if sequence is None:
        return LedgerRefusal(
            f"the default of the column {column} of {ledger.name} gives values that are taken",
            "look at that column's default",
        )
    literal = visible(sql.Literal(sequence).as_string(None))
    last, end = ("min", "MINVALUE") if descends else ("max", "MAXVALUE")
    # What has come to its end and begun anew would do so again.
    mend = f"ALTER SEQUENCE {visible(sequence)} NO CYCLE NO {end}; " if cycles else ""
    return LedgerRefusal(
        f"the sequence {visible(sequence)} is behind: it gives numbers that are taken",
        f"{mend}SELECT setval({literal}, (SELECT {last}({readable(column)}) FROM {ledger.name}));",
    )


def _names(conn: psycopg.Connection[Any], ledger: Ledger, query: LiteralString) -> str:
    names = sql.Literal(ledger.schema), sql.Literal(ledger.table)
    return visible(", ".join(row[0] for row in ask(conn, query, *names)))


_TRIGGERS: LiteralString = """
SELECT DISTINCT tgname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_trigger ON tgrelid = c.oid OR tgrelid IN (SELECT relid FROM pg_partition_tree(c.oid))
WHERE n.nspname = {} AND c.relname = {} AND NOT tgisinternal AND tgenabled <> 'D'
ORDER BY tgname
"""

# The sequence that a column takes its values from, which its default names or which is its own; and
# whether that goes down, and begins anew at its end.
_SEQUENCE: LiteralString = """
SELECT format('%I.%I', of_s.nspname, s.relname) AS sequence,
    q.seqincrement < 0 AS descends, q.seqcycle AS cycles
FROM pg_depend p JOIN pg_sequence q ON q.seqrelid IN (p.refobjid, p.objid)
    JOIN pg_class s ON s.oid = q.seqrelid
    JOIN pg_namespace of_s ON of_s.oid = s.relnamespace
WHERE p.refclassid = 'pg_class'::regclass
    AND ((p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid)
    OR (p.classid = 'pg_class'::regclass AND p.refobjid = c.oid AND p.refobjsubid = a.attnum))
ORDER BY p.classid = 'pg_attrdef'::regclass DESC, s.oid LIMIT 1
"""

_OF_COLUMN: LiteralString = (
    """
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN LATERAL ("""
    + _SEQUENCE
    + """) taken ON true
WHERE n.nspname = {} AND c.relname = {}"""
)

# The columns of a unique index, each with its sequence.
_UNIQUE: LiteralString = (
    """
SELECT a.attname, taken.sequence, taken.descends, taken.cycles
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)"""
    + _OF_COLUMN
    + " AND x.relname = {} ORDER BY a.attname"
)

_NUMBERED: LiteralString = (
    """
SELECT a.attname, taken.sequence, taken.descends
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"""
    + _OF_COLUMN
    + " AND taken.sequence IS NOT NULL ORDER BY a.attnum LIMIT 1"
)
