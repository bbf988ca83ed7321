"""Surveys folder and ledger for the UI: when asked, when a file changes, and from time to time.

One look follows the other in one loop, so there is never more than one: a frozen server holds up
one look, however often the user asks for another.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from textual.message import Message

from schemamig_tui.connect import Identity, Target, resolve
from schemamig_tui.engine import Survey
from schemamig_tui.errors import ConnectionFailed, PasswordWanted, SchemamigError
from schemamig_tui.settings import Settings
from schemamig_tui.sql.dialect import Dialect
from schemamig_tui.survey import Look, look_again
from schemamig_tui.tui import clock
from schemamig_tui.tui.background import FolderWatch, in_thread
from schemamig_tui.tui.passwords import Passwords

_EVERY = 5.0
"""Seconds from one look to the next, while nobody asks for one."""
_SHARE = 50
"""A look may take so small a part of the time: one over a slow line comes less often."""
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 30.0
"""Seconds before it is tried again to reach a server: at first, and at most."""
_SLOW = 2.0
"""Seconds after which the screen says that the server has not answered yet."""
_WAITING = "Waiting up to {:.0f} s for the server: {}"


@dataclass(frozen=True)
class Absence:
    """A time in which nothing new could be shown.

    ``of_server``: the server could not be reached. Else it has answered, and the folder or the
    ledger could not be read.
    """

    began: datetime
    ended: datetime
    of_server: bool

    @property
    def length(self) -> timedelta:
        """How long it was."""
        return self.ended - self.began


class Looking:
    """The loop. ``post`` gets its messages, and may be called from any thread.

    ``latest`` is the survey of the last look, and ``database`` the database that it was of. Both
    are None before the first look.
    """

    @dataclass
    class Found(Message):
        """A look has found a ``survey``; ``warnings`` are those that no look before had.

        ``absence`` is the time that this look has ended, where the look before has failed.
        """

        survey: Survey
        warnings: list[str]
        absence: Absence | None

    @dataclass
    class Failed(Message):
        """A look has failed. ``retried`` tells whether it is tried again by itself.

        ``since`` is when a look first failed, of those without the server, or else of those with
        it. ``known``: the look before has failed for the same reason, and nobody has asked for this
        one.
        """

        error: SchemamigError
        retried: bool
        since: datetime
        known: bool

    @dataclass
    class Waiting(Message):
        """The server does not answer yet: a sentence without a full stop."""

        text: str

    def __init__(
        self, settings: Settings, post: Callable[[Message], object], passwords: Passwords
    ) -> None:
        self._settings, self._post, self._passwords = settings, post, passwords
        self.target: Target | None = None
        self.latest: Survey | None = None
        self.database: Identity | None = None
        self.busy = False
        """Whether a look is on, or asked for."""
        self._before: Look | None = None
        self._asked = asyncio.Event()
        self._paused = False
        self._folder = FolderWatch(settings.directory)
        self._warned: set[str] = set()
        self._error: str | None = None
        self._is_away = False
        self._failed_since: datetime | None = None
        self._retry = _FIRST_PAUSE
        self._pause = _EVERY

    # -- what others ask it to do

    async def run(self) -> None:
        """Look, again and again; never returns."""
        self.ask()
        while True:
            await self._due()
            asked = self._asked.is_set()
            self._asked.clear()
            self.busy = True
            await self._look(asked=asked)
            self.busy = self._asked.is_set()

    def ask(self) -> None:
        """Look as soon as that can be done."""
        self.busy = True
        self._retry = _FIRST_PAUSE
        self._asked.set()

    def pause(self) -> None:
        """Look only when asked: the run that is on reports what it does."""
        self._paused = True

    def resume(self) -> None:
        """Look from time to time again, and now."""
        self._paused = False
        self.ask()

    def close(self) -> None:
        """Let go of the database."""
        if self.target is not None:
            self.target.close()

    # -- what it knows

    @property
    def route(self) -> str:
        """How the database was found; empty when it was not."""
        return self.target.route if self.target else ""

    @property
    def is_connected(self) -> bool:
        """Whether the server has answered the last look, whatever it has said."""
        return self.target is not None and not self._is_away

    @property
    def dialect(self) -> Dialect:
        """How the server reads files, as the last survey says; the usual before the first."""
        return self.latest.dialect if self.latest else Dialect()

    # -- a look

    async def _due(self) -> None:
        """Return when there is a reason for the next look."""
        due = time.monotonic() + self._pause
        while not self._asked.is_set():
            if self._paused:
                await self._asked.wait()
                return
            left = due - time.monotonic()
            if left <= 0 or await self._folder.changed():
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), min(left, self._folder.pause))

    async def _look(self, *, asked: bool) -> None:
        began = time.monotonic()
        work = asyncio.ensure_future(in_thread(partial(self._read, asked=asked)))
        await asyncio.wait({work}, timeout=_SLOW)
        if not work.done():
            self._post(self.Waiting("Waiting for the server: no answer yet"))
        try:
            self._found(await work)
            took = time.monotonic() - began
            self._pause = min(max(_EVERY, _SHARE * took), _LONGEST_PAUSE)
        except SchemamigError as error:
            self._failed(error, asked=asked)

    def _read(self, *, asked: bool) -> Look:
        """Look, and find the database anew after a loss. Runs in a thread."""

        def on_wait(seconds_left: float, reason: str) -> None:
            if asked:
                self._post(self.Waiting(_WAITING.format(seconds_left, reason)))

        ask = self._passwords.ask if asked else self._passwords.remembered
        if self.target is not None:
            self.target.ask_password = ask
            try:
                return look_again(self.target, self._settings, self._before, on_wait)
            except PasswordWanted:
                raise
            except ConnectionFailed:
                # By now it may be elsewhere, or has to be started again.
                self.target.close()
                self.target = None
        self.target = resolve(self._settings)
        self.target.ask_password = ask
        return look_again(self.target, self._settings, self._before, on_wait)

    def _found(self, look: Look) -> None:
        survey, target = look.survey, self.target
        clock.show_in(survey.time_zone)
        self._error = None
        before, self._before, self.latest = self.latest, look, survey
        self.database = target.identity if target else None
        of_target = target.warnings if target else ()
        found = (*of_target, *survey.warnings(), *survey.drift, *survey.ahead)
        warnings = [text for text in found if text not in self._warned]
        self._warned.update(warnings)
        if before and before.state.rows and not survey.state.exists:
            warnings.append(f"The ledger {survey.ledger.name} is gone: what it had is pending.")
        since, of_server = self._failed_since, self._is_away
        absence = Absence(since, clock.now(), of_server) if since else None
        self._is_away = False
        self._failed_since, self._retry = None, _FIRST_PAUSE
        self._post(self.Found(survey, warnings, absence))

    def _failed(self, error: SchemamigError, *, asked: bool) -> None:
        was_away, is_away = self._is_away, isinstance(error, ConnectionFailed)
        if self._failed_since is None or is_away != was_away:
            self._failed_since = clock.now()
        self._is_away = is_away
        # An embedded server that does not start would be started again and again.
        waits = isinstance(error, PasswordWanted)  # for somebody who knows it
        retried = is_away and not waits and self._settings.embedded is None
        self._pause = _EVERY
        if is_away:
            self._pause = self._retry if retried else math.inf
            self._retry = min(2 * self._retry, _LONGEST_PAUSE)
        elif self.target is not None:  # it is known, though its ledger cannot be read
            self.database = self.target.identity or self.database
        known = error.message == self._error and not asked
        self._error = error.message
        self._post(self.Failed(error, retried, self._failed_since, known))
