"""What squawk itself finds, translated."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schemamig_tui.engine import parse, scan
from schemamig_tui.lint.finding import LintReport, Severity
from schemamig_tui.lint.lint import lint

ROOT = Path(__file__).parents[2]
HEAD = "-- Migration: a sample, of 2025-10-19\n"


def report(folder: Path) -> LintReport:
    """What linting finds in a folder."""
    return lint([parse(file) for file in scan(folder)])


def test_places_are_lines_and_characters_from_1(tmp_path: Path) -> None:
    text = f"{HEAD}SELECT 'é', 'é'; ALTER TABLE t RENAME TO u;\r\n"
    (tmp_path / "0001_a.sql").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (tmp_path / "0002_b.sql").write_bytes(b"\xef\xbb\xbfALTER TABLE v RENAME TO w;")
    found = [one for one in report(tmp_path).findings if one.rule == "renaming-table"]
    places = [(one.file, one.line, one.column, one.statement) for one in found]
    assert places == [
        ("0001_a.sql", 2, 1 + text.splitlines()[1].index("RENAME"), 1),
        ("0002_b.sql", 1, 15, 0),
    ]


def test_any_name_of_a_file_or_folder_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("-m[i]g*")
    folder.mkdir()
    names = ["0001_[a].sql", "0002_*.sql", "-0003 c?.sql", "0004_é.sql"]
    for name in names:
        (folder / name).write_text(HEAD + "ALTER TABLE v RENAME TO w;")
    found = {one.file for one in report(folder).findings if one.rule == "renaming-table"}
    assert found == set(names)


def test_what_is_no_sql_to_squawk_is_no_finding(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text(
        f"{HEAD}COPY t (a) FROM stdin;\n1\tx\n\\.\n\\echo done\n"
        "-- schemamig: backfill table=t key=id\n"
        "UPDATE t SET a = 1 WHERE id > :from AND id <= :to;\n"
    )
    assert "syntax-error" not in {one.rule for one in report(tmp_path).findings}
    (tmp_path / "0002_b.sql").write_text(f"{HEAD}SELECT FROM WHERE;\n")
    found = [one for one in report(tmp_path).findings if one.rule == "syntax-error"]
    assert found
    assert {(one.file, one.line, one.severity) for one in found} == {
        ("0002_b.sql", 2, Severity.WARNING)
    }


def test_a_file_that_squawk_cannot_read_is_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_bytes(b"SET client_encoding = latin1;\nSELECT '\xe9';")
    (tmp_path / "0002_b.sql").write_text(HEAD + "ALTER TABLE v RENAME TO w;")
    found = report(tmp_path)
    assert found.remarks == ("squawk has not looked at 0001_a.sql, which is not UTF-8",)
    assert "renaming-table" in {one.rule for one in found.of("0002_b.sql")}


def _replace_squawk(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "squawk"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(folder / "python"))


@pytest.mark.parametrize(
    "output",
    ["squawk 0.5", '[{"file": "x", "line": 0, "column": 0, "level": "Note", "messages": []}]'],
)
def test_a_squawk_that_is_too_old_is_told_and_our_own_rules_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    _replace_squawk(tmp_path, monkeypatch, f"echo '{output}'")
    (tmp_path / "0001_a.sql").write_text(f"{HEAD}DROP TABLE u;\n")
    found = report(tmp_path)
    assert "drop-table" in {one.rule for one in found.findings}
    (remark,) = found.remarks
    assert remark.startswith("squawk has failed: its output cannot be read, so it may be too old:")


def test_a_squawk_that_hangs_is_given_up_and_our_own_rules_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _replace_squawk(tmp_path, monkeypatch, "sleep 60 &\nwait")
    monkeypatch.setattr("schemamig_tui.lint.squawk.PATIENCE", 0.3)
    (tmp_path / "0001_a.sql").write_text(f"{HEAD}DROP TABLE u;\n")
    (tmp_path / "0002_b.sql").write_text(f"{HEAD}VACUUM;\n")
    started = time.monotonic()
    found = report(tmp_path)
    assert time.monotonic() - started < 30, "nor is what it has started waited for"
    assert found.remarks == ("squawk was given up after 0.3 seconds",)
    assert "drop-table" in [one.rule for one in found.findings]


_LEAVING = """
import sys, threading, time
from pathlib import Path
from schemamig_tui.engine import parse, scan
from schemamig_tui.lint import squawk
from schemamig_tui.lint.lint import lint
folder = Path.cwd()
squawk._find = lambda: str(folder / "squawk")
scripts = [parse(file) for file in scan(folder)]
threading.Thread(target=lint, args=(scripts,), daemon=True).start()
while not (folder / "pid").exists():
    time.sleep(0.01)
"""


def test_a_squawk_that_hangs_ends_with_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "echo $$ > pid.new && mv pid.new pid\nexec sleep 60"
    _replace_squawk(tmp_path, monkeypatch, script)
    (tmp_path / "0001_a.sql").write_text(f"{HEAD}DROP TABLE u;\n")
    monkeypatch.undo()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", _LEAVING], cwd=tmp_path, env=environ, check=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_rules_that_ours_know_better_are_not_said_twice(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text(
        f"{HEAD}SET lock_timeout = '2s'; SET statement_timeout = '5s';\nCREATE INDEX i ON t (a);\n"
        "ALTER TABLE t ALTER a SET NOT NULL;\nDROP TABLE u;\n"
    )
    assert sorted(one.rule for one in report(tmp_path).findings) == [
        "drop-table",
        "index-not-concurrently",
        "set-not-null",
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("BEGIN;\nSAVEPOINT a;\nROLLBACK TO a;\nRELEASE a;\nCOMMIT;\n", []),
        ("BEGIN;\nSELECT 1;\nCOMMIT AND CHAIN;\nSELECT 2;\nCOMMIT;\n", []),
        ("BEGIN;\nSELECT 1;\nPREPARE TRANSACTION 'a';\n", []),
        ("BEGIN;\nBEGIN;\nCOMMIT;\nCOMMIT;\n", [3, 5]),
    ],
)
def test_what_squawk_takes_for_a_nested_transaction_and_is_none_is_not_told(
    tmp_path: Path, text: str, lines: list[int]
) -> None:
    (tmp_path / "0001_a.sql").write_text(HEAD + text)
    found = report(tmp_path).findings
    assert [one.line for one in found if "transaction" in one.rule] == lines


def test_its_own_file_of_settings_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m").mkdir()
    Path("m/0001_a.sql").write_text(f"{HEAD}ALTER TABLE v RENAME TO w;\n")
    Path(".squawk.toml").write_text('excluded_rules = ["renaming-table"]\n')
    assert "renaming-table" not in {one.rule for one in report(Path("m")).findings}
