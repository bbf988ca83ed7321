"""Files that are too big to be held: bounded memory and descriptors, and no change unnoticed."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from schemamig_tui.engine.events import Place
from schemamig_tui.engine.script.script import Script, parse
from schemamig_tui.errors import FilesError
from tests.unit.scripts import on_disk

BIG = b"".join(b"INSERT INTO t VALUES (%d, 'x');\n" % i for i in range(10_000)) + (
    b"COPY t FROM stdin;\n" + b"1\tdata\n" * 50_000 + b"\\.\nSELECT 'end';\n"
)


def big_script(path: Path) -> Script:
    return parse(on_disk(path, BIG))


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_a_big_file_is_read_as_it_is_needed(tmp_path: Path) -> None:
    script = big_script(tmp_path / "1.sql")
    assert len(script) == 10_002
    assert script.sql(9_999) == b"INSERT INTO t VALUES (9999, 'x')"
    assert [script.line(i) for i in (0, 9_999, 10_000, 10_001)] == [1, 10_000, 10_001, 60_003]
    assert script.locate(10_001, 8, "utf-8") == Place(60_003, 8)
    assert script.source_line(60_003) == "SELECT 'end';"
    assert script.source_line(60_004) == script.source_line(70_000) == ""


def test_data_comes_in_pieces(tmp_path: Path) -> None:
    pieces = list(big_script(tmp_path / "1.sql").copy_data(10_000))
    assert len(pieces) > 2
    assert max(map(len, pieces)) <= 256 * 1024
    assert b"".join(pieces) == b"1\tdata\n" * 50_000


def test_a_plan_of_many_big_files_keeps_none_open(tmp_path: Path) -> None:
    before = open_files()
    scripts = [big_script(tmp_path / f"{i}.sql") for i in range(5)]
    assert open_files() == before
    scripts[0].sql(0)
    assert open_files() == before + 1
    scripts[0].release()
    scripts[0].release()
    assert open_files() == before
    assert scripts[0].sql(1) == b"INSERT INTO t VALUES (1, 'x')"


def test_a_file_that_is_refused_is_closed(tmp_path: Path) -> None:
    before = open_files()
    with pytest.raises(FilesError):
        parse(on_disk(tmp_path / "1.sql", BIG + b"SELECT '"))
    assert open_files() == before


def truncate(path: Path) -> None:
    os.truncate(path, 100)


def write_into(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"DELETE")


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b";")


@pytest.mark.parametrize("change", [truncate, write_into, append])
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
def test_a_change_in_place_is_noticed_by_the_next_reading(
    tmp_path: Path, change: Callable[[Path], None], is_open: bool
) -> None:
    script = big_script(tmp_path / "1.sql")
    if is_open:
        script.sql(0)
    change(script.file.path)
    for read in (script.sql, script.line, script.source_line):
        with pytest.raises(FilesError, match="changed while it was in use"):
            read(9_999)
    with pytest.raises(FilesError, match="changed while it was in use"):
        next(script.copy_data(10_000))


def test_a_file_that_is_replaced_goes_on_as_it_was_while_it_is_open(tmp_path: Path) -> None:
    script = big_script(tmp_path / "1.sql")
    script.sql(0)
    on_disk(tmp_path / "new", BIG.replace(b"x", b"y")).path.rename(script.file.path)
    assert script.sql(1) == b"INSERT INTO t VALUES (1, 'x')"
    script.release()
    with pytest.raises(FilesError, match="changed while it was in use"):
        script.sql(1)


def test_two_threads_read_one_file_apart(tmp_path: Path) -> None:
    script = big_script(tmp_path / "1.sql")
    wrong: list[object] = []

    def look(seen: Script) -> None:
        for i in range(0, 10_000, 3):
            if (seen.sql(i), seen.line(i)) != (b"INSERT INTO t VALUES (%d, 'x')" % i, i + 1):
                wrong.append(i)
            if i % 500 == 0:
                seen.release()

    between = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(look, seen) for seen in (script, script.apart())]:
                done.result()
    finally:
        sys.setswitchinterval(between)
    assert wrong == []


def test_a_run_keeps_its_file_open_while_somebody_looks_at_its_plan(tmp_path: Path) -> None:
    script = big_script(tmp_path / "1.sql")
    script.sql(0)
    on_disk(tmp_path / "new", BIG.replace(b"x", b"y")).path.rename(script.file.path)
    other = script.apart()
    with pytest.raises(FilesError, match="changed while it was in use"):
        other.sql(1)
    other.release()
    assert script.sql(1) == b"INSERT INTO t VALUES (1, 'x')"


def test_a_file_that_is_gone_is_missed(tmp_path: Path) -> None:
    script = big_script(tmp_path / "1.sql")
    script.file.path.unlink()
    with pytest.raises(FilesError, match="This cannot be read"):
        script.sql(0)


MEASURE = """
import resource, sys
from pathlib import Path
from schemamig_tui.engine.script.files import scan
from schemamig_tui.engine.script.script import parse
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(file,) = scan(Path(sys.argv[1]))
script = parse(file)
for i in range(len(script)):
    script.sql(i), script.line(i)
    if script.kind(i).name == "COPY_IN":
        for piece in script.copy_data(i):
            pass
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize(
    ("line", "times"),
    [
        (b"INSERT INTO t VALUES (1, 'a row of a usual size, or nearly so');\n", 200_000),
        (b"INSERT INTO t VALUES\n" + b"(1, 'x'),\n" * 50_000 + b"(1, 'x');\n", 25),
        (b"COPY t FROM stdin;\n" + b"1\tdata\n" * 3_500_000 + b"\\.\n", 1),
        (b"SELECT $$" + b"x\n" * 5_000_000 + b"$$, 1;\n", 1),
    ],
    ids=["small inserts", "multi-row inserts", "copy", "one long string"],
)
def test_memory_stays_bounded(tmp_path: Path, line: bytes, times: int) -> None:
    (tmp_path / "1.sql").write_bytes(line * times)
    statement = len(line) if times < 100 and b"COPY" not in line else 0
    # A process starts with the ru_maxrss of the one that it was forked from: a small shell.
    command = ["/bin/sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", MEASURE, tmp_path]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    before, after = (int(rss) * (1 if sys.platform == "darwin" else 1024) for rss in output.split())
    assert before < 40 * 2**20
    assert after - before < 16 * 2**20 + 2 * statement
