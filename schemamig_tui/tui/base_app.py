"""The base of the app, without migrations: signals, background work, toasts, help, the palette."""

import asyncio
import contextlib
import os
import signal
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, ParamSpec, TypeVar

from textual import events
from textual.app import App, SuspendNotSupported, SystemCommand
from textual.dom import DOMNode
from textual.driver import Driver
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import ThemeProvider
from textual.widget import Widget
from textual.worker import WorkType

from schemamig_tui.tui import keys, theme
from schemamig_tui.tui.driver import LastingDriver
from schemamig_tui.tui.early_keys import EarlyKeys
from schemamig_tui.tui.lines import inline
from schemamig_tui.tui.palette import readable_variables
from schemamig_tui.tui.screens.commands import Commands
from schemamig_tui.tui.screens.dialogs import Dialog, Question, TextDialog, key_lines
from schemamig_tui.tui.screens.opened_once import size_classes
from schemamig_tui.tui.screens.too_small import (
    NORMAL_COLUMNS,
    TALL_ROWS,
    TooSmall,
    is_too_small,
)
from schemamig_tui.tui.widgets.lines_view import LinesView

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_EVERY = 0.1
"""Seconds between two times that it is looked whether a screen is open."""
_LONGEST_KEY = 0.5
"""Seconds after which the next of the early keys is pressed in any case."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def signals_restored() -> Iterator[None]:
    """Give the signals back as they were: asyncio leaves those of its loop at the default."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    pipe = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(pipe)
    try:
        yield
    finally:
        signal.set_wakeup_fd(pipe)
        for number, handler in before.items():
            if handler is not None:  # it is not one of Python's
                signal.signal(number, handler)


class BaseApp(App[None]):
    """An application that has the table of keys and leaves cleanly on a signal."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NORMAL_COLUMNS, "-normal")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (TALL_ROWS, "-tall")]  # noqa: RUF012  # as declared

    ended_by: int | None = None
    """The number of the signal that has asked it to leave."""

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._early = EarlyKeys()
        self._typed_again: events.Key | None = None
        keys.KEYMAP.set(keymap)
        self.set_keymap(dict(keymap))

    def on_ready(self) -> None:
        """Take the theme of the last session, and handle signals.

        Signals are handled up to the end of the loop; the terminal is restored before that.
        """
        theme.remember(self)
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._signalled, number)

    def refresh_bindings(self) -> None:
        """Show the keys that work now, also those of a screen below a dialog.

        Textual 8.2 has the footer of the screen on top alone drawn anew.
        """
        super().refresh_bindings()
        for screen in self.screen_stack[:-1]:
            screen.refresh_bindings()

    async def on_event(self, event: events.Event) -> None:
        """Let keys wait for the first picture, unless a dialog takes them, and for each dialog."""
        if isinstance(event, events.Key):
            if self._exit:  # what is typed behind q is not meant for us
                return
            await self._screen_made()
            on_dialog = len(self.screen_stack) > 1
            if not event.is_forwarded and self._early.keep(event, on_dialog=on_dialog):
                return
            if event.is_forwarded and self._type_again(event):
                return
        await super().on_event(event)

    async def _screen_made(self) -> None:
        """Wait until the screen on top has its widgets, which its keys act on.

        Textual 8.2 gives a key that no widget has taken to a screen before it is composed: in the
        list of repairs, ``k`` right behind ``m`` found no list.
        """
        screen = self.screen_stack[-1]
        if not screen.is_mounted:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(screen._mounted_event.wait(), _LONGEST_KEY)

    def _type_again(self, key: events.Key) -> bool:
        """Give a key that nobody has taken to the input that the key before it has opened.

        Textual 8.2 sends keys that arrive together to the widget with the focus at that moment. A
        character that this widget does not take is dropped, even if an input has the focus by then.
        """
        view = self.focused
        is_text = view is not None and view.check_consume_key(key.key, key.character)
        if view is None or not is_text or key is self._typed_again:
            return False
        self._typed_again = events.Key(key.key, key.character)
        view._forward_event(self._typed_again)
        return True

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """Say why a key of the main screen does nothing now; Textual would be silent.

        See ``App._check_bindings`` of Textual 8.2.
        """
        done = await super()._check_bindings(key, priority)
        if not done and not priority and len(self.screen_stack) == 1:
            actions = keys.actions_of(key)
            reasons = filter(None, (self.why_not(action) for action in actions))
            if reason := next(reasons, None):
                self.toast(reason, "warning")
        return done

    @abstractmethod
    def why_not(self, action: str) -> str | None:
        """Why an action of the table of keys cannot be taken now, as a sentence; None: it can."""

    def take_keys(self) -> None:
        """There is a picture: press the keys that have waited, each when the one before is done.

        They may open a question, and do not answer it: nobody has seen what it is about, nor which
        database it is, and lines pasted into the shell would approve it.
        """
        if not self._early.opened:
            self._early.opened = True
            self.work("keys", self._press_early)

    async def _press_early(self) -> None:
        while key := self._early.next:
            if isinstance(self.screen, Question):
                self._early.drop()
                self.toast("What was typed before this was shown answers nothing")
                return
            pressed_on = self.focused or self.screen
            await super().on_event(key)
            self._early.done()
            for _ in range(2):  # until it has taken the key, and then what it has posted
                done = asyncio.Event()
                pressed_on.call_after_refresh(done.set)
                with contextlib.suppress(TimeoutError):  # the key may have closed it
                    await asyncio.wait_for(done.wait(), _LONGEST_KEY)

    def _signalled(self, number: int) -> None:
        self.ended_by = number
        self.terminated()

    def on_resize(self, event: events.Resize) -> None:
        """Where the terminal is too small for any screen, say so, until it is large enough."""
        is_small = is_too_small(event.size)
        if is_small and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall())
        elif not is_small and isinstance(self.screen, TooSmall):
            self.pop_screen()
        # Textual 8.2 waits for a timer, which never rings if its time has passed when it begins, as
        # on a busy machine; it would not look at any later size either.
        self.call_later(self._check_resize)

    def _register(
        self,
        parent: DOMNode,
        *widgets: Widget,
        **options: Any,  # noqa: ANN401  # as declared
    ) -> list[Widget]:
        """Give a screen the classes for its size before it is styled for the first time.

        Textual 8.2 gives them after the layout, and then has to style all widgets once more.
        """
        for screen in widgets:
            if isinstance(screen, Screen):
                for name, fits in size_classes(screen, self.size).items():
                    screen.set_class(fits, name, update=False)
        return super()._register(parent, *widgets, **options)

    def get_driver_class(self) -> type[Driver]:
        """The class of the driver: ours outlives a terminal that vanishes in mid-run."""
        driver = super().get_driver_class()
        return LastingDriver if driver is LastingDriver.__base__ else driver

    @abstractmethod
    def terminated(self) -> None:
        """Leave as soon as that can be done; at once when asked again."""

    def get_css_variables(self) -> dict[str, str]:
        """The variables of the stylesheet: those of the theme, and colours that can be read."""
        variables = super().get_css_variables()
        return {**variables, **readable_variables(variables)}

    def _fatal_error(self) -> None:
        # Textual would print a traceback with the values of local variables, and those may hold
        # passwords (App._fatal_error with show_locals=True, seen in 8.2).
        # The error goes to whoever called run(), without them.
        self._close_messages_no_wait()

    def work(
        self,
        group: str,
        work: Callable[Arguments, Coroutine[None, None, None]],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> None:
        """Start something that takes a while; it replaces what its group was doing."""
        started: WorkType[None] = partial(work, *args, **kwargs)
        self.run_worker(started, group=group, exclusive=True)

    def toast(self, message: str, severity: SeverityLevel = "information") -> None:
        """Show a toast, or a remark in the frame of a dialog, which a toast would cover.

        Its text is data: no markup is parsed from it. A toast with the same text as an earlier one
        takes the place of that, so that toasts do not hide what is below them.
        """
        text = inline(message)
        if dialogs := self.screen.query(Dialog):
            dialogs.first().remark(text)
            return
        for one in [one for one in self._notifications if one.message == text]:
            self._unnotify(one)
        self.notify(text, severity=severity, markup=False)

    async def push_when_free(
        self, screen: Screen[Result], answered: Callable[[Result | None], None] | None = None
    ) -> None:
        """Show a screen that took a while to prepare, as soon as no other one is open.

        Otherwise it would take keys that are meant for the open one, and a ``y`` would be its own
        yes.
        """
        while len(self.screen_stack) > 1:
            await asyncio.sleep(_EVERY)
        self.push_screen(screen, answered)

    def action_command_palette(self) -> None:
        """Open the palette, where it is not open already, also below a dialog.

        Textual 8.2 only looks at the screen on top.
        """
        if not any(isinstance(screen, Commands) for screen in self.screen_stack):
            self.push_screen(Commands())

    def search_themes(self) -> None:
        """Open the palette of the themes."""
        self.push_screen(Commands(providers=[ThemeProvider], placeholder="Search for themes…"))

    def action_suspend(self) -> None:
        """Go back to the shell, until its ``fg``. A run stops as well, the server does not.

        Textual 8.2 has an action for it, which leaves the screen empty afterwards.
        """
        try:
            with self.suspend():
                os.kill(os.getpid(), signal.SIGSTOP)
        except SuspendNotSupported:
            self.toast("This terminal has no shell to go back to")

    def action_help(self) -> None:
        """Show all keys, first those of the pane one is in."""
        where: keys.Where = "view" if isinstance(self.focused, LinesView) else "list"
        lines = key_lines(where)
        self.push_screen(TextDialog("Keys", LinesView(lines, fold=True)))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The commands of the palette: the keys of the table that work now, and the theme."""
        main = self.screen_stack[0]
        for group in keys.GROUPS.values():
            for key in group:
                if key.where == "main" and key.id != "palette" and self._works(key, main):
                    run = partial(self.run_action, key.action, main)
                    yield SystemCommand(key.what, keys.shown(key), run)
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)

    def _works(self, key: keys.Key, main: Screen[object]) -> bool:
        """Whether a key of the main screen works now, and is there."""
        if key.only and not main.has_class(key.only):
            return False
        where, _, action = key.action.partition("(")[0].rpartition(".")
        return bool((self if where == "app" else main).check_action(action, ()))
