"""Line ends never count, as far as an MD5 can tell."""

import hashlib
from pathlib import Path

import pytest

from schemamig_tui.engine.script.line_ends import BUDGET, had_mixed_line_ends


def was(path: Path, then: bytes, now: bytes, budget: int = BUDGET) -> bool:
    """Whether a file that is ``now`` one thing is known to have been ``then`` another."""
    path.write_bytes(now)
    md5 = [hashlib.md5(text).hexdigest() for text in (now, then)]
    return had_mixed_line_ends(path, *md5, budget)


def mixed(lines: int, windows: range) -> bytes:
    """Some lines, of which those in a range end as Windows has it."""
    ends = (b"\r\n" if number in windows else b"\n" for number in range(lines))
    return b"".join(b"SELECT %d, 'some text';%b" % pair for pair in enumerate(ends))


@pytest.mark.parametrize("lines", [2, 5, 13, 60])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_any_block_of_other_line_ends_is_found_in_a_file_of_ordinary_length(
    tmp_path: Path, lines: int, end: bytes
) -> None:
    file = tmp_path / "a.sql"
    now = mixed(lines, range(0)).replace(b"\n", end)
    for start in range(0, lines, max(1, lines // 5)):
        for stop in range(start + 1, lines + 1, max(1, lines // 7)):
            if (start, stop) != (0, lines):
                assert was(file, mixed(lines, range(start, stop)), now), (start, stop)


def test_up_to_twelve_line_ends_are_found_in_every_way(tmp_path: Path) -> None:
    then = b"a\r\nb\nc\r\n\nd\n\r\n;e\r\nf\r\n\n;"
    assert was(tmp_path / "a.sql", then, then.replace(b"\r\n", b"\n"))


def test_up_to_seven_line_ends_of_three_kinds_are_found_in_every_way(tmp_path: Path) -> None:
    then, now = b"a\r\nb\rc\nd\r\re\r\n\nf", b"a\nb\r\nc\rd\n\r\ne\r\rf"
    assert was(tmp_path / "a.sql", then, now)
    assert not was(tmp_path / "b.sql", then + b"g", now)


def test_a_lone_cr_ends_a_line_too(tmp_path: Path) -> None:
    now = mixed(30, range(0))
    for then in (mixed(30, range(0, 9)), mixed(30, range(12, 20)), mixed(30, range(25, 30))):
        assert was(tmp_path / "a.sql", then.replace(b"\r\n", b"\r"), now)


def test_one_mixture_is_known_by_another(tmp_path: Path) -> None:
    assert was(tmp_path / "a.sql", mixed(30, range(9)), mixed(30, range(20, 25)))


def test_a_long_file_is_found_where_it_goes_on_with_the_other_kind(tmp_path: Path) -> None:
    now = mixed(500, range(0))
    for then in (mixed(500, range(250)), mixed(500, range(499, 500)), mixed(500, range(1))):
        assert was(tmp_path / "a.sql", then, now)


def test_another_change_is_a_change(tmp_path: Path) -> None:
    then = mixed(30, range(9))
    assert not was(tmp_path / "a.sql", then, then.replace(b"\r\n", b"\n") + b"\n")
    assert not was(tmp_path / "a.sql", then, then.replace(b"7", b"8").replace(b"\r", b""))


def test_the_search_ends_with_its_budget(tmp_path: Path) -> None:
    now = mixed(5000, range(0))
    assert not was(tmp_path / "a.sql", b"", now)
    assert not was(tmp_path / "b.sql", mixed(5000, range(4000, 4500)), now)
    assert not was(tmp_path / "c.sql", mixed(50, range(4, 9)), mixed(50, range(0)), budget=10_000)
