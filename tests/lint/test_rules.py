"""What each of our rules finds in a file, and what it does not."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import pytest

from schemamig_tui.engine import Script, parse, scan
from schemamig_tui.lint.finding import LintFinding, Severity
from schemamig_tui.lint.lint import RULES, lint
from schemamig_tui.lint.squawk import MISSING

HEAD = "-- Migration: a sample, of 2025-10-19\nSET lock_timeout = '5s';\n"
ALONE = "-- schemamig: no-transaction\n" + HEAD

FOUND = {
    "index-not-concurrently": "CREATE INDEX i ON t (a);",
    "lock-table": "LOCK TABLE t;",
    "full-rewrite": "VACUUM (FULL) t;",
    "blocking-refresh": "REFRESH MATERIALIZED VIEW m;",
    "new-trigger": "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f();",
    "set-not-null": "ALTER TABLE t ALTER COLUMN a SET NOT NULL;",
    "slow-under-exclusive-lock": "ALTER TABLE t ADD COLUMN b int;\nUPDATE u SET a = 1 WHERE a = 2;",
    "drop-table": "DROP TABLE t;",
    "drop-schema": "DROP SCHEMA s CASCADE;",
    "drop-column": "ALTER TABLE t DROP COLUMN a;",
    "truncate": "TRUNCATE t;",
    "delete": "DELETE FROM t;",
    "update-all-rows": "UPDATE t SET a = 1;",
    "large-data-change": "",  # needs a database
    "foreign-key-before-data": "CREATE TABLE n (a int REFERENCES o);\nINSERT INTO n VALUES (1);",
    "foreign-key-not-indexed": "CREATE TABLE n (id int PRIMARY KEY, a int REFERENCES o);",
    "mixed-ddl-dml": "CREATE TABLE n (a int);\nUPDATE t SET a = 1 WHERE a = 2;",
    "missing-if-exists": "CREATE TABLE n (a int);\nVACUUM;",
    "secret-literal": "CREATE ROLE r LOGIN PASSWORD 'hunter2';",
    "ddl-in-code": "DO $$\nBEGIN\n  ALTER TABLE t ADD b int;\nEND $$;",
}
NOT_FOUND = {
    "index-not-concurrently": "CREATE TABLE n (a int);\nCREATE INDEX i ON n (a);",
    "lock-table": "CREATE TABLE n (a int); LOCK TABLE n;",
    "full-rewrite": "VACUUM t;",
    "blocking-refresh": "REFRESH MATERIALIZED VIEW CONCURRENTLY m;",
    "new-trigger": "CREATE TABLE n (a int);\n"
    "CREATE TRIGGER g AFTER INSERT ON n EXECUTE FUNCTION f();",
    "set-not-null": "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;\n"
    "ALTER TABLE t VALIDATE CONSTRAINT c;\nALTER TABLE t ALTER a SET NOT NULL;",
    "slow-under-exclusive-lock": "BEGIN; ALTER TABLE t ADD b int; COMMIT;\n"
    "BEGIN; UPDATE u SET a = 1; COMMIT;",
    "drop-table": "CREATE TABLE n (a int); DROP TABLE n;",
    "drop-schema": "DROP INDEX i;",
    "drop-column": "ALTER TABLE t DROP CONSTRAINT a;",
    "truncate": "CREATE TABLE n (a int); TRUNCATE n;",
    "delete": "SELECT 'DELETE FROM t';",
    "update-all-rows": "-- schemamig: backfill table=t key=id\n"
    "UPDATE t SET a = 1 WHERE id > :from AND id <= :to;",
    "large-data-change": "UPDATE t SET a = 1 WHERE a = 2;",
    "foreign-key-before-data": "CREATE TABLE n (a int);\nINSERT INTO n VALUES (1);\n"
    "ALTER TABLE n ADD FOREIGN KEY (a) REFERENCES o (a);",
    "foreign-key-not-indexed": "CREATE TABLE n (a int, FOREIGN KEY (a) REFERENCES o (a));\n"
    "CREATE INDEX ON n USING btree (a);",
    "mixed-ddl-dml": "CREATE TABLE n (a int);\nINSERT INTO n VALUES (1);",
    "missing-if-exists": "CREATE TABLE IF NOT EXISTS n (a int);\nVACUUM;",
    "secret-literal": "CREATE TABLE n (password text);\nSELECT 'https://a.example/x@y', :password;",
    "ddl-in-code": "DO $$ BEGIN PERFORM 'x; alter table t'; END $$;",
}


@pytest.fixture
def without_squawk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment in which no squawk is installed."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))


def findings(folder: Path, *texts: str, lock_timeout: bool = False) -> Iterator[LintFinding]:
    """The findings in files with these texts."""
    for number, text in enumerate(texts, 1):
        (folder / f"{number:04}_a.sql").write_text(text)
    yield from lint([parse(file) for file in scan(folder)], lock_timeout=lock_timeout).findings


def rules(folder: Path, *texts: str, lock_timeout: bool = False) -> set[str]:
    """The rules that find something in files with these texts."""
    return {one.rule for one in findings(folder, *texts, lock_timeout=lock_timeout)}


pytestmark = pytest.mark.usefixtures("without_squawk")


def test_every_rule_is_tried() -> None:
    elsewhere = {"comment-missing", "missing-lock-timeout"}
    assert RULES.keys() == FOUND.keys() | elsewhere
    assert RULES.keys() == NOT_FOUND.keys() | elsewhere


@pytest.mark.parametrize(("rule", "sql"), [pair for pair in FOUND.items() if pair[1]])
def test_a_rule_finds_what_it_is_for(tmp_path: Path, rule: str, sql: str) -> None:
    assert rule in rules(tmp_path, HEAD + sql)


@pytest.mark.parametrize(("rule", "sql"), NOT_FOUND.items())
def test_a_rule_does_not_find_what_is_right(tmp_path: Path, rule: str, sql: str) -> None:
    assert rule not in rules(tmp_path, HEAD + sql)


@pytest.mark.parametrize(
    ("check", "proves"),
    [
        ("CHECK (a IS NOT NULL)", True),
        ('CHECK (((b > 0) AND ("a" IS NOT NULL)))', True),
        ("CHECK (a IS NOT NULL OR b > 0)", False),
        ("CHECK (b IS NOT NULL)", False),
    ],
)
@pytest.mark.parametrize("later", [" NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c", ""])
def test_a_check_that_is_valid_proves_that_a_column_is_not_null(
    tmp_path: Path, check: str, later: str, proves: bool
) -> None:
    sql = f"ALTER TABLE t ADD CONSTRAINT c {check}{later}; ALTER TABLE t ALTER a SET NOT NULL;"
    assert ("set-not-null" not in rules(tmp_path, HEAD + sql)) is proves


def test_a_check_that_was_never_validated_proves_nothing(tmp_path: Path) -> None:
    check = "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;"
    assert "set-not-null" in rules(tmp_path, f"{HEAD}{check} ALTER TABLE t ALTER a SET NOT NULL;")


@pytest.mark.parametrize(
    ("sql", "indexed"),
    [
        ("CREATE TABLE n (a int UNIQUE NOT NULL REFERENCES o, b int);", True),
        ("CREATE TABLE n (a int REFERENCES o, UNIQUE NULLS NOT DISTINCT (a, b));", True),
        ("CREATE TABLE n (a int REFERENCES o, b int, PRIMARY KEY (b, a));", False),
        ("CREATE TABLE n (a int, b int);\nALTER TABLE n ADD FOREIGN KEY (a, b) REFERENCES o,"
         " ADD CONSTRAINT k UNIQUE (a);", True),
        ("CREATE TABLE n (a int REFERENCES o);\nCREATE INDEX ON ONLY n ((a + 1), a);", False),
        ("CREATE TABLE n (a int REFERENCES o);\nALTER TABLE n ADD b int UNIQUE;", False),
    ],
)  # fmt: skip
def test_an_index_serves_a_foreign_key_if_it_begins_with_its_column(
    tmp_path: Path, sql: str, indexed: bool
) -> None:
    assert ("foreign-key-not-indexed" not in rules(tmp_path, HEAD + sql)) is indexed


def test_a_table_of_an_earlier_pending_file_is_a_new_one(tmp_path: Path) -> None:
    assert not rules(tmp_path, HEAD + "CREATE TABLE n (a int);", HEAD + "CREATE INDEX i ON n (a);")


def test_a_comment_says_what_a_file_is_for_and_of_when_it_is(tmp_path: Path) -> None:
    sql = "SELECT 1;"
    assert rules(tmp_path, sql) == {"comment-missing"}
    assert rules(tmp_path, f"-- Two words.\n{sql}") == {"comment-missing"}
    assert not rules(tmp_path, f"-- Two words, 2025-10-19\n{sql}")
    (tmp_path / "0001_a.sql").rename(tmp_path / "20251019_a.sql")
    assert not rules(tmp_path)


def test_a_lock_is_waited_for_within_a_limit(tmp_path: Path) -> None:
    sql = "-- A new column, of 2025-10-19\nALTER TABLE t ADD COLUMN b int;\nDROP VIEW v;\n"
    found = list(findings(tmp_path, sql))
    assert [(one.rule, one.line) for one in found] == [("missing-lock-timeout", 2)]
    assert not rules(tmp_path, sql, lock_timeout=True)
    assert not rules(tmp_path, sql.replace("ALTER", "SET lock_timeout = '2s';\nALTER"))


def test_a_finding_is_at_its_line(tmp_path: Path) -> None:
    sql = HEAD + "SELECT\n  'AKIAIOSFODNN7EXAMPLE';\nDO $$\nBEGIN\n  DROP TABLE t;\nEND $$;"
    found = {one.rule: (one.line, one.severity) for one in findings(tmp_path, sql)}
    assert found == {
        "secret-literal": (4, Severity.ERROR),
        "ddl-in-code": (7, Severity.NOTE),
    }


@pytest.mark.parametrize(
    "statements",
    [
        "SET work_mem = '1MB';\nUPDATE t SET a = 1 WHERE b;\n",
        "ALTER TABLE t ADD CHECK (c{0} > 0);\nALTER TABLE t ALTER c{0} SET NOT NULL;\n",
    ],
)
def test_work_grows_with_the_statements_of_a_file(tmp_path: Path, statements: str) -> None:
    amounts = []
    for count in (50, 200):
        folder = tmp_path / str(count)
        folder.mkdir()
        text = "".join(statements.format(number) for number in range(count))
        (folder / "1_a.sql").write_text(ALONE + text)
        amounts.append(_calls([parse(file) for file in scan(folder)]))
    assert amounts[1] < 1.2 * (200 / 50) * amounts[0]


def _calls(scripts: Sequence[Script]) -> int:
    """How many functions are called to look at some files."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        lint(scripts)
    finally:
        sys.setprofile(None)
    return calls


def test_a_missing_squawk_is_said_once(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}_a.sql").write_text(HEAD)
    assert lint([parse(file) for file in scan(tmp_path)]).remarks == (MISSING,)


@pytest.mark.parametrize("place", ["{allow}\nDROP TABLE t;", "DROP TABLE t; {allow}"])
def test_a_comment_with_a_reason_at_the_statement_silences_one_rule(
    tmp_path: Path, place: str
) -> None:
    allow = "-- schemamig: allow drop-table: nobody reads it since May"
    sql = HEAD + place.format(allow=allow)
    assert not rules(tmp_path, sql)
    assert rules(tmp_path, sql + "\nDROP TABLE u;") == {"drop-table"}
    assert rules(tmp_path, sql + "\nTRUNCATE u;") == {"truncate"}


def test_a_comment_without_a_reason_or_use_is_a_finding(tmp_path: Path) -> None:
    found = list(findings(tmp_path, HEAD + "-- schemamig: allow drop-table\nDROP TABLE t;"))
    assert [(one.rule, one.severity) for one in found] == [
        ("bad-allow", Severity.ERROR),
        ("drop-table", Severity.WARNING),
    ]
    found = list(findings(tmp_path, HEAD + "-- schemamig: allow drop-tabel: gone\nDROP TABLE t;"))
    assert found[0].rule == "unused-allow"
    assert found[0].message.endswith(" is allowed here; did you mean drop-table?")
    assert found[1].rule == "drop-table"
