"""Puts the ledger right from the UI: shows the row before and after, asks, and does it."""

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from schemamig_tui.connect import Target
from schemamig_tui.engine import Migration, State
from schemamig_tui.engine.events import LockAwaited
from schemamig_tui.engine.ledger.repairs import Repair
from schemamig_tui.engine.script.files import MANUAL
from schemamig_tui.errors import SchemamigError
from schemamig_tui.settings import Settings
from schemamig_tui.tui import clock
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.lines import Line, inline
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.protection import ask_for_target
from schemamig_tui.tui.screens.choice import Choice
from schemamig_tui.tui.screens.dialogs import Answer, Question
from schemamig_tui.tui.screens.error import error_dialog
from schemamig_tui.tui.screens.main import MainScreen
from schemamig_tui.tui.widgets.lines_view import LinesView

if TYPE_CHECKING:  # it is imported when there is something to repair
    from schemamig_tui.authoring.repair import RepairPlace

_SENTENCES = {
    "mark-applied": "Mark it as applied: it was applied by hand",
    "baseline": "Mark all up to it as applied: the database has them",
    "accept-checksum": "Accept its checksum: the file as it is now is right",
    "accept-name": "Accept its name: it was renamed since it was recorded",
    "forget": "Forget its row: it was never applied, or its file is gone",
}
_PATIENCE = 2.0
"""Seconds to wait for a run that is on elsewhere, where the settings have no such limit."""


def repairs_of(migration: Migration) -> list[str]:
    """The repairs that make sense for a migration, by their flags."""
    row, file = migration.row, migration.file
    found = ["accept-name"] if migration.renamed_to or migration.recorded_as else []
    if file and migration.state is not State.APPLIED:
        found += ["mark-applied", "baseline"]
    if row and file and migration.state is State.APPLIED:
        has_checksum = row.checksum not in (MANUAL, None)
        found += ["accept-checksum"] if migration.changed or not has_checksum else []
    if row and (migration.missing or not row.success):
        found.append("forget")
    return found


class Repairing:
    """Chooses, previews, asks and repairs. The screens are those of ``app``."""

    def __init__(
        self, app: BaseApp, main: MainScreen, looking: Looking, settings: Settings
    ) -> None:
        self._app, self._main = app, main
        self._looking, self._settings = looking, settings

    def choose(self, migration: Migration) -> None:
        """Choose one of the repairs that make sense for a migration."""
        name = migration.name

        def chosen(kind: str | None) -> None:
            if kind:
                self._app.work("repair", self._ask, kind, name)

        options = {kind: _SENTENCES[kind] for kind in repairs_of(migration)}
        self._app.push_screen(Choice(inline(name), options, enter="shows the row"), chosen)

    async def _ask(self, kind: str, name: str) -> None:
        """Show what the repair would do, and ask."""
        repairs = await self._done(partial(self._repair, kind, name, preview=True))
        if not repairs:
            return

        def answered(answer: Answer | None) -> None:
            if answer is Answer.YES:
                write = partial(self._app.work, "repair", self._carry_out, kind, name, repairs)
                ask_for_target(self._app, self._settings, self._looking.database, write)

        await self._app.push_when_free(
            Question(
                _SENTENCES[kind].partition(":")[0] + "?",
                LinesView(_lines(repairs), fold=True),
                self._looking.database,
                yes="Write it",
            ),
            answered,
        )

    async def _carry_out(self, kind: str, name: str, approved: tuple[Repair, ...]) -> None:
        if done := await self._done(partial(self._repair, kind, name, approved=approved)):
            self._main.log_view.add([(("strong", _SENTENCES[kind].partition(":")[0]),)])
            self._main.log_view.add(_lines(done))
            self._looking.ask()

    async def _done(self, work: "partial[tuple[Repair, ...]]") -> tuple[Repair, ...]:
        """What ``work`` returns; nothing after an error, which is shown."""
        try:
            return await in_thread(work)
        except SchemamigError as error:
            await self._app.push_when_free(error_dialog("Repair", error))
            return ()

    def _repair(
        self,
        kind: str,
        name: str,
        *,
        preview: bool = False,
        approved: tuple[Repair, ...] | None = None,
    ) -> tuple[Repair, ...]:
        """Do it, or try it. Blocks; raises as the repairs do."""
        from schemamig_tui.authoring.repair import REPAIRS

        if self._looking.target is None:  # lost since
            return ()
        with repair_place(
            self._looking.target, self._settings, preview=preview, approved=approved
        ) as place:
            return REPAIRS[kind](place, name)


@contextlib.contextmanager
def repair_place(
    target: Target,
    settings: Settings,
    *,
    preview: bool = False,
    approved: tuple[Repair, ...] | None = None,
) -> "Iterator[RepairPlace]":
    """Where a repair works; the connection is closed at the end. Blocks, raises ConnectionFailed.

    A run that is on elsewhere is waited for, but not for long.
    """
    from schemamig_tui.authoring.repair import RepairPlace

    with contextlib.closing(target.connect()) as conn:
        yield RepairPlace(
            conn,
            settings.directory,
            settings.table,
            _wait_quietly,
            settings.run_lock_timeout or _PATIENCE,
            preview=preview,
            approved=approved,
        )


def _wait_quietly(awaited: LockAwaited) -> None:
    """The end of the wait, which comes soon, says who was waited for."""


def _lines(repairs: tuple[Repair, ...]) -> list[Line]:
    lines: list[Line] = []
    for repair in repairs:
        before, after = repair.lines
        lines.append((("strong", inline(repair.name)),))
        lines += [(("warn", f"! {repair.unfinished}"),)] if repair.unfinished else []
        lines += [(("dim", f"  {before}"),), (("plain", f"  {after}"),)]
    return [*lines, (("dim", f"Times are in {inline(clock.zone())}"),)]
