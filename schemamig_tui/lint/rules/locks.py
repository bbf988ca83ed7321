"""Rules on statements that keep others waiting."""

from collections.abc import Iterator

from schemamig_tui.lint.finding import Severity
from schemamig_tui.lint.rules.rule import Asks, Hit, LintRule
from schemamig_tui.lint.statement import WAITING, Before, Statement
from schemamig_tui.sql.actions import Does
from schemamig_tui.sql.locks import Lock


def _index(statement: Statement, before: Before) -> Iterator[Hit]:
    for touch in before.existing(statement, "CREATE INDEX"):
        yield Hit(f"CREATE INDEX blocks writes to {touch.name} until it is done", touch.name)


def _lock_table(statement: Statement, before: Before) -> Iterator[Hit]:
    for touch in before.existing(statement, "LOCK TABLE"):
        if touch.lock and touch.lock.blocks:
            blocked = " and ".join(touch.lock.blocks)
            yield Hit(f"LOCK TABLE blocks {blocked} of {touch.name} until the end", touch.name)


def _rewrite(statement: Statement, before: Before) -> Iterator[Hit]:
    for touch in before.existing(statement, "VACUUM FULL", "CLUSTER"):
        what = f"{touch.statement} writes all of {touch.name} anew, and nobody can read it then"
        yield Hit(what, touch.name)


def _refresh(statement: Statement, before: Before) -> Iterator[Hit]:
    for touch in before.existing(statement, "REFRESH MATERIALIZED VIEW"):
        if touch.lock is Lock.ACCESS_EXCLUSIVE:
            yield Hit(f"nobody can read {touch.name} while it is refreshed", touch.name)


def _trigger(statement: Statement, before: Before) -> Iterator[Hit]:
    for touch in before.existing(statement, "CREATE TRIGGER"):
        what = f"from now on each write to {touch.name} runs this trigger, and waits for it"
        yield Hit(what, touch.name)


def _not_null(statement: Statement, before: Before) -> Iterator[Hit]:
    for touch in before.existing(statement):
        for action in touch.actions:
            reads = action.does is Does.SET_NOT_NULL and not action.new and not action.trusted
            if reads and not before.is_checked(touch.name.name, action.column or ""):
                what = f"SET NOT NULL reads all of {touch.name} while nobody else can use it"
                yield Hit(what, touch.name)


def _under_lock(statement: Statement, before: Before) -> Iterator[Hit]:
    if before.exclusive is None:
        return
    line, table = before.exclusive
    slow = [touch for touch in statement.relations if touch.work]
    if written := statement.writes:
        slow.append(written)
    for touch in slow[:1]:
        yield Hit(
            f"while {touch.statement} works on {touch.name}, nobody can use {table}, which line"
            f" {line} has locked (ACCESS EXCLUSIVE)",
            touch.name,
        )


def _lock_timeout(statement: Statement, before: Before) -> Iterator[Hit]:
    if before.lock_timeout:
        return
    for touch in before.existing(statement):
        if touch.lock and touch.lock >= Lock.SHARE_ROW_EXCLUSIVE:
            what = f"{touch.statement} waits for {touch.name} as long as it takes, and all others"
            yield Hit(f"{what} wait behind it", touch.name)


RULES = (
    LintRule(
        "index-not-concurrently",
        Severity.WARNING,
        "an index is built on a table that has rows, without CONCURRENTLY",
        "CREATE INDEX CONCURRENTLY, in a file of its own without BEGIN",
        _index,
        asks=Asks.WORK,
        verbs=frozenset({b"create"}),
    ),
    LintRule(
        "lock-table",
        Severity.WARNING,
        "LOCK TABLE keeps others waiting until the transaction ends",
        "leave the locking to the statements, or SELECT ... FOR UPDATE the rows that matter",
        _lock_table,
        verbs=frozenset({b"lock"}),
    ),
    LintRule(
        "full-rewrite",
        Severity.WARNING,
        "VACUUM FULL and CLUSTER write a table anew while nobody can read it",
        "plain VACUUM, or pg_repack, which only needs the lock for a moment",
        _rewrite,
        asks=Asks.WORK,
        verbs=frozenset({b"vacuum", b"cluster"}),
    ),
    LintRule(
        "blocking-refresh",
        Severity.WARNING,
        "REFRESH MATERIALIZED VIEW blocks reads",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on it",
        _refresh,
        asks=Asks.WORK,
        verbs=frozenset({b"refresh"}),
    ),
    LintRule(
        "new-trigger",
        Severity.NOTE,
        "a trigger on a table that was there before changes what each write costs",
        "rehearse it, and measure a write with it",
        _trigger,
        verbs=frozenset({b"create"}),
    ),
    LintRule(
        "set-not-null",
        Severity.WARNING,
        "SET NOT NULL reads all rows under ACCESS EXCLUSIVE, unless a validated CHECK proves it",
        "ADD CONSTRAINT c CHECK (column IS NOT NULL) NOT VALID; in the next file VALIDATE"
        " CONSTRAINT c, and then SET NOT NULL, which reads nothing",
        _not_null,
        asks=Asks.WORK,
        verbs=frozenset({b"alter"}),
    ),
    LintRule(
        "slow-under-exclusive-lock",
        Severity.WARNING,
        "something slow runs in a transaction that has locked a table against everybody",
        "move the slow statement in front of the one that locks, or into a file of its own",
        _under_lock,
        asks=Asks.WORK,
        verbs=WAITING,
    ),
    LintRule(
        "missing-lock-timeout",
        Severity.WARNING,
        "a statement waits without a limit for a strong lock on a table",
        "SET lock_timeout = '5s' in front of it, or --lock-timeout 5s --lock-retries 3 for all",
        _lock_timeout,
        asks=Asks.EXISTENCE,
        verbs=WAITING,
    ),
)
