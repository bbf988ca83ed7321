"""Keeps commands from writing to a target that is read-only, or protected and not meant."""

from schemamig_tui.errors import SettingsError
from schemamig_tui.settings import Settings
from schemamig_tui.text import visible


def refuse_unwanted_writes(settings: Settings, yes: str | None) -> None:
    """Raise SettingsError where nothing may be written; ``yes`` is the target that is meant.

    A name that is not the target's is refused for every target: something else was expected.
    """
    target = settings.target and visible(settings.target)
    if yes is not None and yes != settings.target:
        now = f"the target is {target}" if target else "no target is chosen"
        raise SettingsError(f"--yes says {visible(yes)}, and {now}")
    if settings.read_only:
        raise SettingsError(
            f"the target {target} is read-only",
            hint=f"{settings.origins['read_only']} says so; --dry-run and --rehearse work",
        )
    if settings.protected and yes is None:
        raise SettingsError(
            f"the target {target} is protected", hint=f"if it is meant, add --yes {target}"
        )
