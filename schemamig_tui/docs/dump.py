"""Puts what pg_dump writes into a form in which git shows just what has changed."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

OPTIONS = (
    "--schema-only",
    "--no-owner",
    "--no-privileges",
    "--no-subscriptions",
    "--lock-wait-timeout=2s",
)
"""Owners, privileges, and what has passwords in it, is left out, as in all documentation."""

# It differs from one version to the next, or from one dump to the next. A server before 17 does
# not know transaction_timeout, which is 0 by itself.
_NOISE = re.compile(
    r"-- Dumped (?:from|by) .*\n+|\\(?:un)?restrict \w+\n|SET transaction_timeout = 0;\n"
)
_ENTRY = "\n--\n-- Name: "
_USER_MAPPING = "; Type: USER MAPPING; "
_END = "\n--\n-- PostgreSQL database dump complete\n"

Value = str | int | bool | datetime | None


def only_schemas(schemas: Iterable[str]) -> list[str]:
    """The options for some schemas; in quotes their names are no patterns."""
    return [f'--schema="{schema.replace(chr(34), 2 * chr(34))}"' for schema in schemas]


def tidied(dump: str) -> str:
    """The dump without what belongs to no schema: versions, tokens, and user mappings."""
    whole, _, _ = dump.rpartition(_END)
    head, *entries = whole.split(_ENTRY)
    kept = [one for one in entries if _USER_MAPPING not in one.partition("\n")[0]]
    return _ENTRY.join([_NOISE.sub("", head), *kept]).rstrip("\n") + "\n"


def rows_of(table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """The INSERT of the rows, each on a line of its own; "" where there are none.

    A comma is in front of its row, so that a new one at the end changes no other line.
    """
    lines = [f"({', '.join(map(_literal, row))})" for row in rows]
    if not lines:
        return ""
    values = "\n,".join(lines)
    return f"\n\nINSERT INTO {table} ({', '.join(columns)}) VALUES\n {values}\n;\n"


def _literal(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).lower()
    text = value.isoformat(" ") if isinstance(value, datetime) else value
    return "'" + text.replace("'", "''") + "'"
