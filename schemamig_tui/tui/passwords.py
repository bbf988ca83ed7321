"""Asks for passwords on behalf of the threads that connect. Nothing of them leaves the memory."""

import threading
from typing import Any

from textual.app import App

from schemamig_tui.connect import Target
from schemamig_tui.errors import PasswordWanted
from schemamig_tui.tui.screens.password import PasswordDialog


class Passwords:
    """The passwords that the user of ``app`` has typed, each for one way to a database."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._typed: dict[str, str] = {}
        self._target: Target | None = None

    def ask(self, target: Target, error: PasswordWanted) -> str | None:
        """The password for ``target``, or None: its user gives none. Blocks until they answer."""
        if remembered := self.remembered(target, error):
            return remembered
        answered = threading.Event()

        def answer(password: str | None) -> None:
            if password is not None:
                self._typed[target.route] = password
            answered.set()

        self._typed.pop(target.route, None)
        self._app.call_from_thread(self._app.push_screen, PasswordDialog(error), answer)
        answered.wait()
        return self._typed.get(target.route)

    def remembered(self, target: Target, _: PasswordWanted) -> str | None:
        """The password that was typed before, for a database that was lost and is found again."""
        is_new, self._target = target is not self._target, target
        return self._typed.get(target.route) if is_new else None
