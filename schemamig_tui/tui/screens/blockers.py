"""The dialog of sessions that block the run or wait behind it, with two ways to end one."""

import contextlib
import time
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import psycopg
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen

from schemamig_tui.connect import Identity
from schemamig_tui.engine import Connect, cancel_session, terminate_session, wording
from schemamig_tui.engine.activity import Activity
from schemamig_tui.errors import ConnectionFailed
from schemamig_tui.text import one_line
from schemamig_tui.tui import keys
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.insight import Insight
from schemamig_tui.tui.lines import Line, body, sentence
from schemamig_tui.tui.screens.closed_on_top import ClosedOnTop
from schemamig_tui.tui.screens.dialogs import Answer, Dialog, Question
from schemamig_tui.tui.widgets.lines_view import LinesView
from schemamig_tui.tui.widgets.run_panel import RunPanel
from schemamig_tui.tui.widgets.session_list import Group, SessionList

_EVERY = 0.25
_LONGEST = 2_000  # characters of a query
_NOBODY: Line = (("good", "✓ "), ("plain", "Nothing blocks the run, and nobody waits behind it."))


class BlockersScreen(ClosedOnTop, ModalScreen[None]):
    """Lists the sessions that block the run or wait behind it, and keeps the list current."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings("blockers"),
        Binding("escape,q,b", "dismiss", "Close"),
    ]

    @dataclass
    class EndAsked(Message):
        """A session was to be cancelled or terminated; ``refusal`` says why it was not."""

        what: str
        refusal: str | None

    def __init__(
        self,
        panel: RunPanel,
        connect: Connect,
        database: Identity | None,
        *,
        read_only: bool = False,
    ) -> None:
        super().__init__()
        self._read_only = read_only
        self._panel, self._connect, self._database = panel, connect, database
        self._list = SessionList()

    def compose(self) -> ComposeResult:
        """The list."""
        cancel, terminate = keys.key_of("cancel-query"), keys.key_of("terminate")
        ends = "" if self._read_only else f"   {cancel} cancel query   {terminate} terminate"
        with Dialog("Blockers", f"esc{ends}", wide=True):
            yield self._list

    def on_mount(self) -> None:
        """Show them, and go on doing so."""
        self._show()
        self.set_interval(_EVERY, self._show)

    def _show(self) -> None:
        self._list.fill(_groups(self._panel.insight, time.monotonic()), _NOBODY)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Who only reads ends nobody's session."""
        return not (action == "end" and self._read_only)

    def action_end(self, terminate: bool) -> None:
        """Ask whether to cancel or to terminate the selected session."""
        session = self._list.selected
        if session is None:
            self.query_one(Dialog).remark("There is no session to end")
            return
        if session in self._panel.insight.other_run:
            remark = "That is another run: it is cancelled where it was started"
            self.query_one(Dialog).remark(remark)
            return

        def answered(answer: Answer | None) -> None:
            if answer is Answer.YES:
                self.run_worker(self._act(session, terminate), group="end")

        self.app.push_screen(_question(session, terminate, self._database), answered)

    async def _act(self, session: Activity, terminate: bool) -> None:
        refusal = await in_thread(partial(_end, self._connect, session, terminate))
        who = f"pid {session.pid}, {session.application or 'a program'} of {session.user}"
        what = f"{'Terminate' if terminate else 'Cancel the query of'} {who}"
        self.post_message(self.EndAsked(what, refusal))


def _end(connect: Connect, session: Activity, terminate: bool) -> str | None:
    """Cancel or terminate on a connection of its own. Returns why that failed. Blocks."""
    act = terminate_session if terminate else cancel_session
    try:
        with contextlib.closing(connect()) as conn:
            return act(conn, session)
    except ConnectionFailed as error:
        return error.message
    except psycopg.Error as error:
        return one_line(error)


def _groups(insight: Insight, now: float) -> list[Group]:
    blocked, waits_for = insight.blocked(now), insight.waits_for(now)
    victims = insight.victims(now)
    groups: list[Group] = []
    if insight.awaited:
        unseen = "" if insight.other_run else "; its session cannot be seen"
        groups.append((f"Waits for another run to end{unseen}", insight.other_run))
    if blocked:
        unseen = "" if blocked.by else "; by whom cannot be seen"
        groups.append((sentence(wording.blocked(blocked)) + unseen, blocked.by))
    elif waits_for:
        groups.append(("Waits until these transactions end", waits_for))
    if victims:
        groups.append((sentence(wording.victims(victims)), victims.sessions))
    return groups


def _question(session: Activity, terminate: bool, database: Identity | None) -> Question:
    about: list[Line] = [(("strong", sentence(wording.session(session))),)]
    about += [(("dim", f"  {line}"),) for line in body(session.query[:_LONGEST])]
    if terminate:
        what = "Its transaction is rolled back, and its client loses the connection."
        question = f"Terminate pid {session.pid}?"
    else:
        what = "Its statement is cancelled. Its transaction, if it is in one, keeps its locks."
        if session.state.startswith("idle"):
            what = "It does nothing at the moment that could be cancelled, and keeps its locks."
        question = f"Cancel the query of pid {session.pid}?"
    view = LinesView([*about, (), (("plain", what),)], fold=True)
    yes = "Terminate" if terminate else "Cancel it"
    return Question(question, view, database, yes=yes, no="Leave it")
