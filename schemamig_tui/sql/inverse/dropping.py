"""Finds what takes back DROP, COMMENT, and statements that change privileges."""

from schemamig_tui.sql.inverse.inverse import Ask, Inverse, Named, unknown
from schemamig_tui.sql.inverse.objects import (
    NOT_IN_SCHEMA,
    Form,
    take_kind,
    take_reference,
    with_table,
)
from schemamig_tui.sql.inverse.reader import StatementReader

_HAS_ROWS = ("FOREIGN TABLE", "SEQUENCE", "TABLE")


def drop(reader: StatementReader) -> Inverse:
    """The inverse of a statement behind its word DROP: only the database knows what was there."""
    if reader.take("owned"):
        return Inverse(ask=Ask.SCHEMA, needs=("what the role owned",))
    found = take_kind(reader)
    if found is None:
        return unknown("what it drops")
    kind, form = found
    if kind in NOT_IN_SCHEMA:
        return unknown(f"what the {kind.lower()} was like")
    reader.take("concurrently")
    reader.take("if", "exists")
    references = [take_reference(item, kind, form) for item in reader.items()]
    what = (
        "the table, and its rows" if kind in _HAS_ROWS else f"the definition of the {kind.lower()}"
    )
    tables = {found.table for found in references if found}
    return Inverse(
        ask=Ask.SCHEMA,
        needs=(what,),
        drops=tuple(Named(kind, str(found)) for found in references if found),
        on=tuple(Named("TABLE", table) for table in tables if table and len(tables) == 1),
    )


def comment(reader: StatementReader) -> Inverse:
    """The inverse of a statement behind its word COMMENT."""
    if not reader.take("on"):
        return unknown("what it does")
    where = reader.until("is")
    # What comes before IS is all that COMMENT needs.
    return Inverse(
        sql=(f"COMMENT ON {where} IS ",),
        ask=Ask.COMMENT,
        needs=("the comment that was there before",),
        on=_commented(StatementReader(where.encode())),
    )


def _commented(reader: StatementReader) -> tuple[Named, ...]:
    """The object that a comment is on, or that has the part which the comment is on."""
    if reader.take("column"):
        return with_table(reader.path())
    if reader.take("constraint"):
        reader.path()
        if not reader.take("on"):
            return ()
        kind = "DOMAIN" if reader.take("domain") else "TABLE"
        return (Named(kind, ".".join(reader.path())),)
    found = take_kind(reader)
    if found is None:
        return ()
    kind, form = found
    reference = take_reference(reader, kind, form)
    if reference is None:
        return ()
    own = Named(kind, str(reference))
    return (Named("TABLE", reference.table), own) if reference.table else (own,)


def grant(reader: StatementReader) -> Inverse:
    """The inverse of a statement behind its word GRANT."""
    what = reader.until("on", "to")
    where = _where(reader)
    if not reader.take("to"):
        return unknown("what it grants")
    roles = reader.until("with", "granted")
    sql = f"REVOKE {what}{where} FROM {roles}"
    return Inverse(sql=(sql,), ask=Ask.SCHEMA if where else None, on=_granted(where))


def revoke(reader: StatementReader) -> Inverse:
    """The inverse of a statement behind its word REVOKE."""
    option = ""
    for name in ("grant", "admin", "inherit", "set"):
        if reader.take(name, "option", "for"):
            option = f" WITH {name.upper()} OPTION"
    what = reader.until("on", "from")
    where = _where(reader)
    if not reader.take("from"):
        return unknown("what it revokes")
    roles = reader.until("cascade", "restrict", "granted")
    sql = f"GRANT {what}{where} TO {roles}{option}"
    return Inverse(
        sql=(sql,),
        ask=Ask.SCHEMA if where else None,
        doubts=("This is right if all of it was granted before.",),
        on=_granted(where),
    )


def _where(reader: StatementReader) -> str:
    return f" ON {reader.until('to', 'from')}" if reader.take("on") else ""


def _granted(where: str) -> tuple[Named, ...]:
    """The object that privileges are on, where that is a single one."""
    reader = StatementReader(where.removeprefix(" ON ").encode())
    found = None if reader.peek(1) in ("", ".") else take_kind(reader)
    kind, form = found or ("TABLE", Form.NAME)
    reference = take_reference(reader, kind, form)
    return (Named(kind, str(reference)),) if reference and not reader.peek() else ()


def default_privileges(reader: StatementReader) -> Inverse:
    """The inverse of ALTER DEFAULT PRIVILEGES, behind these words."""
    scope = reader.until("grant", "revoke")
    taken = reader.take_any("grant", "revoke")
    if not taken:
        return unknown("which default privileges it changes")
    inverse = (grant if taken == "grant" else revoke)(reader)
    prefix = f"ALTER DEFAULT PRIVILEGES {scope}".rstrip()
    return Inverse(sql=tuple(f"{prefix} {sql}" for sql in inverse.sql), doubts=inverse.doubts)
