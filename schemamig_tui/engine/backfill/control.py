"""What a person may do to batches while they run: pause them, and have them take more or less."""

import threading

_STEP = 1.5
_MOST = 20.0


class BatchControl:
    """Shared by the run and whoever steers it, in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paused = False
        self._factor = 1.0

    @property
    def paused(self) -> bool:
        """Whether somebody wants the next batch to wait."""
        return self._paused

    @property
    def factor(self) -> float:
        """What the target of the directive is to be multiplied by."""
        return self._factor

    def pause(self, paused: bool = True) -> None:
        """Have the next batch wait, or go on."""
        self._paused = paused

    def take_longer(self) -> None:
        """Raise the target: larger batches, and others wait longer."""
        self._multiply(_STEP)

    def take_shorter(self) -> None:
        """Lower the target."""
        self._multiply(1 / _STEP)

    def _multiply(self, by: float) -> None:
        with self._lock:
            self._factor = min(_MOST, max(1 / _MOST, self._factor * by))
