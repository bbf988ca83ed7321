"""Keeps the keys that are typed before the first picture, until it is there."""

from collections import deque

from textual.events import Key

_AT_ONCE = {"q", "ctrl+q", "ctrl+z", "ctrl+p", "question_mark", "r"}
"""What can be done without a picture: to leave, to look for help, to try again."""


class EarlyKeys:
    """The keys that wait, in their order. When ``opened``, they go on, and no more are kept."""

    def __init__(self) -> None:
        self._waiting: deque[Key] = deque()
        self.opened = False

    def keep(self, key: Key, *, on_dialog: bool) -> bool:
        """Whether the key has to wait: for the picture, or for those before it."""
        needs_picture = not on_dialog and key.key not in _AT_ONCE
        waits = bool(self._waiting) if self.opened else needs_picture
        if waits:
            self._waiting.append(key)
        return waits

    @property
    def next(self) -> Key | None:
        """The first of them."""
        return self._waiting[0] if self._waiting else None

    def done(self) -> None:
        """The first of them has been pressed."""
        self._waiting.popleft()

    def drop(self) -> None:
        """None of them is to be pressed."""
        self._waiting.clear()
