"""Twice as much in a file is twice as much work, whatever it is; the bytes that are read tell."""

from collections.abc import Callable
from pathlib import Path

import pytest

from schemamig_tui.engine.script.script import Script, parse
from schemamig_tui.engine.script.source import Source
from tests.unit.scripts import on_disk

FEW, MANY = 600, 2_400
# Lines are indented to this many bytes: the smaller file then is more than the 64 kB that are held
# of a file, the larger one more than its window of 256 kB. Statements take the time, spaces none.
WIDTH = 128


def cut_only(script: Script) -> None:
    """Nothing but reading it."""


def ask_lines(script: Script) -> None:
    """From the last statement to the first."""
    for i in reversed(range(len(script))):
        script.line(i)


def ask_places(script: Script) -> None:
    """From both ends to the middle."""
    for i in range(len(script) // 2):
        script.locate(i, 2, "utf-8")
        script.locate(len(script) - 1 - i, 2, "utf-8")


@pytest.mark.parametrize(
    ("line", "work"),
    [
        ("\\echo this says something\n", cut_only),
        ("\\echo\nSELECT 1;\n", cut_only),
        ("-- no-transaction\nSELECT 1;\n", cut_only),
        ("SET LOCAL work_mem = '1MB';\n", cut_only),
        ("COMMIT;\n", cut_only),
        ("BEGIN; SELECT 1; COMMIT;\n", cut_only),
        ("COPY t FROM stdin;\n1\tone\n\\.\n", cut_only),
        ("COPY t FROM stdin (ENCODING 'LATIN1');\n1\tone\n\\.\n", cut_only),
        ("ALTER TYPE mood ADD VALUE 'v';\n", cut_only),
        ("ALTER TYPE mood ADD VALUE 'v'; SELECT 'w';\n", cut_only),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;\n", cut_only),
        ("SELECT a[1:'2'], :name FROM t; -- more\n", cut_only),
        ("INSERT INTO t VALUES (1, 'one');\n", ask_lines),
        ("INSERT INTO t VALUES (1, 'one');\n", ask_places),
        ("COPY t FROM stdin;\n1\tone\n\\.\n", ask_lines),
    ],
    ids=lambda value: value.__name__ if callable(value) else value.partition("\n")[0],
)
def test_work_grows_with_the_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    work: Callable[[Script], None],
) -> None:
    read = 0
    original = Source.read

    def counting(self: Source, start: int, end: int) -> bytes:
        nonlocal read
        piece = original(self, start, end)
        read += len(piece)
        return piece

    monkeypatch.setattr(Source, "read", counting)
    amounts = []
    wide = line.rjust(WIDTH).encode()
    for count in (FEW, MANY):
        read = 0
        work(parse(on_disk(tmp_path / "1.sql", wide * count)))
        amounts.append(read)
    assert amounts[1] < 1.5 * (MANY / FEW) * amounts[0]
