"""A stream of the program: its encoding, its colours, and a reader that goes away."""

import io
import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from schemamig_tui.headless.output import Output


def stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def written(stream: io.TextIOWrapper) -> bytes:
    return stream.buffer.getvalue()  # type: ignore[attr-defined]  # a BytesIO, see above


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as file:
        yield file
    os.close(ours)


@pytest.mark.parametrize(
    ("encoding", "line"),
    [
        ("utf-8", "✓ é 漢".encode()),
        ("latin-1", b"+ \xe9 \\u6f22"),
        ("ascii", rb"+ \xe9 \u6f22"),
    ],
)
def test_what_the_encoding_cannot_say_is_an_escape(encoding: str, line: bytes) -> None:
    file = stream(encoding)
    output = Output(file)
    output.write(f"{output.done} é 漢")
    assert written(file) == line + b"\n"


def test_every_line_is_written_at_once() -> None:
    file = stream("utf-8")
    output = Output(file)
    output.write("one")
    assert written(file) == b"one\n"


def test_colour_is_for_terminals(terminal: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    output = Output(terminal)
    assert output.paint("red", "x") == "x"
    output.use_color()
    assert output.paint("red", "x") == "\x1b[31mx\x1b[0m"


def test_a_file_gets_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    output = Output(stream("utf-8"))
    output.use_color()
    assert output.paint("red", "x") == "x"


def test_a_file_gets_colour_where_that_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    output = Output(stream("utf-8"))
    assert output.paint("red", "x") == "x"  # the settings may forbid it
    output.use_color()
    assert output.paint("red", "x") == "\x1b[31mx\x1b[0m"


def test_a_dumb_terminal_gets_no_colour(terminal: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    output = Output(terminal)
    output.use_color()
    assert output.paint("red", "x") == "x"


def test_a_reader_that_has_gone_stops_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as file:
        output = Output(file)
        output.write("one")
        output.write("two")
    assert output.lost is None


def test_a_full_disk_stops_nothing_and_is_known() -> None:
    with Path("/dev/full").open("w") as file:
        output = Output(file)
        output.write("one")
        output.write("two")
    assert output.lost == "No space left on device"


def test_a_stream_that_was_closed_from_the_start_takes_everything() -> None:
    output = Output(None)
    output.use_color()
    output.write("one")
    assert output.lost is None
