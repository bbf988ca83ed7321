"""The driver of the terminal: what is typed, and a terminal that is closed or used by others."""

import asyncio
import contextlib
import os
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterable
from typing import IO, Any

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key

_ESCAPE = "\x1b"
_TICK = 0.1
"""Seconds after which an Escape that is followed by nothing is a key."""


class LastingDriver(LinuxDriver):
    """Textual's driver, which outlives its terminal, and takes it just once after a SIGCONT.

    In Textual 8.2 the thread that writes ends with the first error (EIO, once the window or the
    connection is closed); its queue takes 30 pieces more, and then the program waits for ever.

    Textual's driver begins to read keys with each SIGCONT. After a SIGSTOP, which no program can
    handle, or where nothing was stopped (systemd sends SIGCONT after SIGTERM), it reads them
    already: two threads would share what is typed, the program would wait for one of them for ever
    at its end, and it would not restore the terminal.
    """

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert self._file is not None  # without a terminal there is no UI
        self._file = _DroppingStream(self._file)  # type: ignore[assignment]  # all that is used of one

    def run_input_thread(self) -> None:
        """Read what is typed, until the driver stops.

        Textual's ends the program with a traceback at a byte that is not UTF-8, as a terminal in
        another encoding sends it, or one that marks Alt with the eighth bit.
        """
        parser = _EscapeParser(self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                typed = decode(os.read(self.fileno, 4096)) if selector.select(_TICK) else ""
                messages = parser.feed(typed) if typed else ()  # to feed "" is to end it
                for message in (*messages, *parser.tick()):
                    self.process_message(message)

    def _sigcont_application(self, *_: object) -> None:
        """Go on: at once if a SIGTSTP has given the terminal back, else when the loop has time."""
        if self._must_signal_resume or not self._auto_restart:
            super()._sigcont_application()
        else:
            with contextlib.suppress(RuntimeError):  # there is no loop any more
                asyncio.get_running_loop().call_soon_threadsafe(self._take_again)

    def _take_again(self) -> None:
        """Give the terminal back, which a shell may have used meanwhile, and take it."""
        if self._key_thread is not None and self._key_thread.is_alive():
            self.suspend_application_mode()
            self._must_signal_resume = True
            self.resume_application_mode()


class _EscapeParser(XTermParser):
    """Takes Escape and a key right behind it for two keys: no key of ours is one with Alt.

    Textual 8.2 takes what comes within ESCDELAY, or in one piece over a slow line, for Alt and a
    letter, which nothing is bound to, drops the Escape before most other characters, and has a
    symbol such as ¡ for Escape and a digit. Alt+B and Alt+F stay keys of the inputs.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        is_pair = len(sequence) == 2 and sequence[0] == _ESCAPE
        is_symbol = is_pair and isinstance(ANSI_SEQUENCES_KEYS.get(sequence), str)
        if alt or is_symbol:
            yield Key("escape", _ESCAPE)
        yield from super()._sequence_to_key_events(sequence[1:] if is_symbol else sequence)


class _DroppingStream:
    """A stream whose errors do not matter, because nobody is there any more to see the output."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()
