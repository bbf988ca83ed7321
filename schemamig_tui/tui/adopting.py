"""Takes over another tool from the UI: asks which one, shows what would be done, and does it."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from schemamig_tui.errors import SchemamigError
from schemamig_tui.settings import Settings
from schemamig_tui.settings.values import read_path
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.lines import Line, inline
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.protection import ask_for_target
from schemamig_tui.tui.repairing import repair_place
from schemamig_tui.tui.screens.choice import Choice
from schemamig_tui.tui.screens.dialogs import Answer, Question, TextDialog
from schemamig_tui.tui.screens.error import error_dialog
from schemamig_tui.tui.screens.main import MainScreen
from schemamig_tui.tui.screens.typed import TypedQuestion, refused_path
from schemamig_tui.tui.widgets.lines_view import LinesView
from schemamig_tui.units import plural

if TYPE_CHECKING:  # they are imported when somebody comes from another tool
    from schemamig_tui.authoring.adopt.adopt import Adoption
    from schemamig_tui.authoring.adopt.tools import Tool

_TITLE = "Take over another tool"


class Adopting:
    """Offers, previews, asks and takes over. The screens are those of ``app``."""

    def __init__(
        self, app: BaseApp, main: MainScreen, looking: Looking, settings: Settings
    ) -> None:
        self._app, self._main = app, main
        self._looking, self._settings = looking, settings

    async def offer(self) -> None:
        """Offer what is found in the usual folders of the tools, and each tool with another one."""
        from schemamig_tui.authoring.adopt.folder import usual_folder
        from schemamig_tui.authoring.adopt.tools import TOOLS

        ours = self._settings.directory
        found = await in_thread(lambda: [(it, usual_folder(it, ours)) for it in TOOLS.values()])
        there: dict[str, tuple[Tool, Path | None]] = {}
        for tool, folder in found:
            if folder is not None:
                path, count = folder
                place = "this folder" if path == Path() else str(path)
                there[f"{tool.name}: {plural(count, 'file')} in {place}"] = (tool, path)
        elsewhere = {f"{tool.name}: in a folder to be named": (tool, None) for tool, _ in found}
        choices = {**there, **elsewhere}

        def chosen(sentence: str | None) -> None:
            if sentence is not None:
                tool, folder = choices[sentence]
                if folder is None:
                    self._ask_for_folder(tool)
                else:
                    self._app.work("adopting", self._ask, tool, folder)

        sentences = {sentence: sentence for sentence in choices}
        await self._app.push_when_free(Choice(_TITLE, sentences, enter="goes on"), chosen)

    def _ask_for_folder(self, tool: "Tool") -> None:
        lines: list[Line] = [(("plain", "What is in it stays as it is."),)]

        def refuse(typed: str) -> str | None:
            if problem := refused_path(typed):
                return problem
            return None if read_path(typed.strip()).is_dir() else "There is no such folder"

        def answered(typed: str | None) -> None:
            if typed is not None:
                self._app.work("adopting", self._ask, tool, read_path(typed.strip()))

        question = TypedQuestion(
            f"The folder of {tool.name}",
            lines,
            refuse,
            enter="goes on",
            placeholder=f"Its path, such as {tool.folder or 'db/migrations'}",
        )
        self._app.push_screen(question, answered)

    async def _ask(self, tool: "Tool", folder: Path) -> None:
        """Show what would be written and recorded, and ask."""
        preview = await self._done(partial(self._adopt, tool, folder, preview=True))
        if preview is None:
            return
        view = LinesView(_lines(preview), fold=True)
        if not preview.written and not preview.recorded:
            await self._app.push_when_free(TextDialog(_TITLE, view))
            return

        def answered(answer: Answer | None) -> None:
            if answer is Answer.YES:
                write = partial(self._app.work, "adopting", self._carry_out, tool, folder, preview)
                ask_for_target(self._app, self._settings, self._looking.database, write)

        question = Question(
            f"Take over {tool.name}?", view, self._looking.database, yes="Take over"
        )
        await self._app.push_when_free(question, answered)

    async def _carry_out(self, tool: "Tool", folder: Path, approved: "Adoption") -> None:
        if done := await self._done(partial(self._adopt, tool, folder, approved=approved)):
            self._main.log_view.add([(("strong", f"Taken over: {tool.name}"),), *_lines(done)])
            self._looking.ask()

    async def _done(self, work: "partial[Adoption | None]") -> "Adoption | None":
        """What ``work`` returns; None after an error, which is shown."""
        try:
            return await in_thread(work)
        except SchemamigError as error:
            await self._app.push_when_free(error_dialog(_TITLE, error))
            return None

    def _adopt(
        self,
        tool: "Tool",
        folder: Path,
        *,
        preview: bool = False,
        approved: "Adoption | None" = None,
    ) -> "Adoption | None":
        """Do it, or try it. Blocks; raises as ``adopt`` does."""
        from schemamig_tui.authoring.adopt.adopt import adopt

        if self._looking.target is None:  # lost since
            return None
        with repair_place(self._looking.target, self._settings, preview=preview) as place:
            return adopt(place, tool, folder, approved)


def _lines(adoption: "Adoption") -> list[Line]:
    """What is to be known first: how much it is, warnings, and then file by file."""
    from schemamig_tui.authoring.adopt.wording import file_lines, summary

    lines: list[Line] = [(("plain", summary(adoption)),)]
    lines += [(("warn", inline(warning)),) for warning in adoption.warnings]
    return lines + [(("dim", line),) for line in file_lines(adoption)]
