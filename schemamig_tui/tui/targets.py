"""Chooses another target of the settings, for which the UI is opened again."""

from collections.abc import Callable

from schemamig_tui.errors import SettingsError
from schemamig_tui.settings import Settings
from schemamig_tui.settings.files import target_names
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.screens.choice import Choice


class TargetChoice:
    """Asks for a target. ``settings_of`` makes its settings, and raises SettingsError."""

    def __init__(
        self, app: BaseApp, settings: Settings, settings_of: Callable[[str], Settings] | None
    ) -> None:
        self._app, self._settings, self._settings_of = app, settings, settings_of
        self.is_there = settings_of is not None and _has_targets()
        """Whether there was one to choose when this began."""
        self.chosen: Settings | None = None
        """The settings of the target that was chosen, for another UI behind this one."""

    def ask(self) -> None:
        """Ask for a target, and leave the app for it. Nothing may be on."""
        try:
            names = target_names()
        except SettingsError as error:  # the file has changed since
            self._app.toast(error.message, severity="error")
            return
        if not names or self._settings_of is None:
            self._app.toast("There are no targets in the settings")
            return
        now = self._settings.target
        options = {name: f"{name}  (now)" if name == now else name for name in names}
        self._app.push_screen(Choice("Targets", options, enter="opens it"), self._choose)

    def _choose(self, name: str | None) -> None:
        if name is None or self._settings_of is None:
            return
        try:
            self.chosen = self._settings_of(name)
        except SettingsError as error:
            self._app.toast(error.message, severity="error")
        else:
            self._app.exit()


def _has_targets() -> bool:
    try:
        return bool(target_names())
    except SettingsError:  # which is told when one is to be chosen
        return True
