"""Names, messages and terminals that want to do harm, or know little."""

import os
import pty

import pytest

from tests.forked import fork_program
from tests.headless.conftest import Program

NAMES = [
    "0001_[red]alert[].sql",
    '0001_it\'s "quoted".sql',
    "0001_with spaces.sql",
    "0001_-- ; DROP TABLE x.sql",
    "0001_%s%d{}$$.sql",
    "0001_çà_漢字_✓.sql",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_strange_name_is_applied_and_shown_as_it_is(program: Program, name: str) -> None:
    program.write(name, "SELECT 1;")
    ended = program("--apply")
    assert ended.code == 0
    assert f"  Applying: {name}\n" in ended.out
    assert f"  ✓ {name} (" in program("--list").out
    events = program("--list", "--json").events
    assert [event["name"] for event in events if event["event"] == "migration"] == [name]


def test_a_name_cannot_write_to_the_terminal(program: Program) -> None:
    program.write("0001_\x1b[2J\u202e\n.sql", "SELECT nothing;")
    for arguments in (["--dry-run"], ["--apply"], ["--list"], ["--check"]):
        ended = program(*arguments)
        assert r"0001_\x1B[2J\u202E\n.sql" in ended.out
        assert "\x1b" not in ended.out + ended.err
        assert "\u202e" not in ended.out + ended.err


def test_a_notice_cannot_write_to_the_terminal(program: Program) -> None:
    program.write("0001_a.sql", r"DO $$ BEGIN RAISE NOTICE E'\x1b]0;title\x07\u009bx'; END $$;")
    assert r"    NOTICE: \x1B]0;title\x07\u009Bx" in program("--apply").out


def test_an_error_and_its_record_cannot_write_to_the_terminal(program: Program) -> None:
    program.write("0001_a.sql", 'SELECT "\x1b[31mred";')
    ended = program("--apply")
    assert "\x1b" not in ended.err
    assert r"\x1B[31mred" in ended.err
    listed = program("--list").out
    assert "\x1b" not in listed
    assert r"\x1B[31mred" in listed


def test_a_terminal_that_knows_only_ascii_is_enough(program: Program) -> None:
    program.write("0001_é.sql", "SELECT 1;")
    program.write("0002_b.sql", "SELECT nothing;")
    environ = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    process = program.start_python("--apply", **environ)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "  Applying: 0001_\\xe9.sql\n  + Applied in " in out
    assert "  x Failed after " in out
    out, _ = program.start_python("--list", **environ).communicate(timeout=60)
    assert "  + 0001_\\xe9.sql (" in out


def on_a_terminal(program: Program, *arguments: str, **environ: str) -> str:
    """What the program shows on a terminal."""
    ours, theirs = pty.openpty()
    process = fork_program(
        *arguments,
        environ={**program.environ, "TERM": "xterm", **environ},
        cwd=program.folder,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # EIO: the last one has closed the terminal
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return shown.decode()


def test_a_terminal_gets_colour(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    assert "\x1b[33m•\x1b[0m 0001_a.sql" in on_a_terminal(program, "--list")


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [([], {"NO_COLOR": "1"}), (["--no-color"], {}), ([], {"TERM": "dumb"})],
)
def test_a_terminal_gets_no_colour_where_it_is_unwelcome(
    program: Program, arguments: list[str], environ: dict[str, str]
) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    assert "\x1b" not in on_a_terminal(program, "--list", *arguments, **environ)
