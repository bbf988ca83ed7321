"""Rules on how a file is written."""

import re
from collections.abc import Iterator

from schemamig_tui.engine import Script
from schemamig_tui.lint.finding import Severity
from schemamig_tui.lint.rules.rule import Hit, LintRule
from schemamig_tui.lint.statement import WAITING, Before, Statement
from schemamig_tui.sql.bodies import body, first_ddl
from schemamig_tui.sql.secrets import secret_literals

_DATE = re.compile(r"\b\d{4}-?\d{2}-?\d{2}")
_TWO_WORDS = re.compile(r"(?<![^\W\d_])[^\W\d_]{2,}+.*?[^\W\d_]{2}")
_COMMENT_LINES = 30
_GUARDED = (b"table", b"index", b"schema", b"sequence", b"view", b"extension")


def _comment(script: Script, statements: list[Statement]) -> Iterator[Hit]:
    if not statements:
        return
    lines = (line.strip() for line in script.lead.split("\n", _COMMENT_LINES)[:_COMMENT_LINES])
    head = " ".join(
        line for line in lines if line.startswith(("--", "/*", "*")) and "schemamig:" not in line
    )
    if not _TWO_WORDS.search(head):
        yield Hit("no comment at the top says what this migration is for", line=1)
    elif not _DATE.match(script.file.name) and not _DATE.search(head):
        yield Hit("neither the name nor the comment at the top says of when it is", line=1)


def _mixed(script: Script, statements: list[Statement]) -> Iterator[Hit]:
    made: set[str] = set()
    ddl: int | None = None
    for statement in statements:
        if statement.verb not in WAITING:
            continue
        made.update(one.name.name for one in statement.touches if one.lock is None)
        if statement.is_ddl:
            ddl = ddl or statement.line
        written = statement.writes
        if ddl and written and written.name.name not in made:
            what = f"this changes rows of {written.name}, and line {ddl} changes the schema"
            yield Hit(what, line=statement.line)
            return


def _guard(script: Script, statements: list[Statement]) -> Iterator[Hit]:
    if script.mode != "no transaction":
        return
    for statement in statements:
        if statement.verb not in (b"create", b"drop"):
            continue
        head = [word.lower() for word in statement.tokens[:8]]
        kind = [word for word in head[1:4] if word in _GUARDED]
        if kind and b"if" not in head and b"replace" not in head:
            guard = "IF NOT EXISTS" if statement.verb == b"create" else "IF EXISTS"
            what = f"{head[0].decode().upper()} {kind[0].decode().upper()} without {guard}"
            yield Hit(f"{what}, in a file that may stop half-way", line=statement.line)


def _secret(statement: Statement, before: Before) -> Iterator[Hit]:
    for found in secret_literals(statement.sql):
        yield Hit(f"this looks like {found.what}", line=statement.line_at(found.offset))


def _code(statement: Statement, before: Before) -> Iterator[Hit]:
    found = body(statement.sql)
    ddl = first_ddl(found.code) if found else None
    if found and ddl:
        what, offset = ddl
        line = None if found.start is None else statement.line_at(found.start + offset)
        yield Hit(f"{what} in a DO block: no rule can tell what it locks", line=line)


RULES = (
    LintRule(
        "comment-missing",
        Severity.NOTE,
        "a file does not begin with a comment that says what it is for, with a date",
        "begin it as --new does: -- Migration: ..., -- Purpose: ..., -- Date: ...",
        check_file=_comment,
    ),
    LintRule(
        "mixed-ddl-dml",
        Severity.NOTE,
        "one file changes the schema and the rows of a table that was there before",
        "two files: the locks of the first are gone before the second works on the rows",
        check_file=_mixed,
    ),
    LintRule(
        "missing-if-exists",
        Severity.NOTE,
        "a file without a transaction does not say IF [NOT] EXISTS",
        "add it: then the file can be run again where it has stopped half-way",
        check_file=_guard,
    ),
    LintRule(
        "secret-literal",
        Severity.ERROR,
        "a literal looks like a password, a token or a key",
        "set it outside of the migration, such as with \\password in psql, and change it where it"
        " was in use: files are kept in git, and statements in the server's log",
        _secret,
    ),
    LintRule(
        "ddl-in-code",
        Severity.NOTE,
        "a DO block changes the schema, which no rule can look at",
        "write the statement outside of the block, or rehearse it to see its locks",
        _code,
        verbs=frozenset((b"do",)),
    ),
)
