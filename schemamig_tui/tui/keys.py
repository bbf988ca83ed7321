"""The table of all keys, from which the footer, the help and the command palette are made."""

from collections.abc import Collection, Mapping
from contextvars import ContextVar
from typing import Literal, NamedTuple

from textual.binding import Binding, BindingType

Where = Literal["main", "filter", "list", "view", "findings", "blockers"]


class Key(NamedTuple):
    """A key, or several for the same thing, and what it does.

    ``where`` is what has to have the focus: anything on the main screen, the filter, a list, lines
    that scroll, the findings, or the list of blockers. ``label`` is for the footer, and empty where
    the key is not shown there; with ``only`` it is there as long as the screen has a class of that
    name.
    One that is ``first`` goes before the same key of the pane with the focus, while it works.
    """

    id: str
    keys: str
    action: str
    what: str
    label: str = ""
    where: Where = "main"
    only: str = ""
    first: bool = False


RUN = (  # while one is on, its own keys come first in the footer
    Key("apply", "a", "app.apply", "Apply all pending, and retry what failed", "Apply"),
    Key("apply-to", "A", "app.apply_to", "Apply up to the selected migration", "To here"),
    Key("apply-only", "E", "app.apply_only", "Execute only the selected migration: apply it alone"),
    Key(
        "cancel",
        "x",
        "app.cancel_run",
        "Cancel what is on; asks, and says what is kept",
        "Cancel run",
    ),
    Key(
        "blockers",
        "b",
        "app.blockers",
        "See who blocks the run, and who waits",
        "Blockers",
        only="-stuck",
    ),
    Key(
        "pause-batches",
        "space",
        "app.pause_batches",
        "While a statement runs in batches: pause, and go on",
        "Pause/go on",
        only="-batches",
        first=True,
    ),
    Key(
        "longer-batches",
        "plus",
        "app.batch_target(1)",
        "Let batches take longer: faster, and others wait longer",
        "Longer",
        only="-batches",
        first=True,
    ),
    Key(
        "shorter-batches",
        "minus",
        "app.batch_target(-1)",
        "Let batches take less time",
        "Shorter",
        only="-batches",
        first=True,
    ),
    Key("dry-run", "d", "app.dry_run", "Dry run: show how each file would be run", "Dry run"),
    Key("rehearse", "R", "app.rehearse", "Rehearse: run it all, then roll it back", "Rehearse"),
    Key("rehearse-to", "U", "app.rehearse_to", "Rehearse up to the selected migration"),
    Key("report", "v", "app.report", "View what the last rehearsal has found"),
)
WRITE = (
    Key("new", "n", "app.new", "Write a new migration, from the template"),
    Key("reverse", "u", "app.reverse", "Draft what takes the selected one back, and rehearse it"),
    Key("difference", "D", "app.difference", "Show what has changed since it was applied"),
    Key("branch", "B", "app.branch", "Compare the files with a branch, as for a pull request"),
    Key("repair", "m", "app.repair", "Mend the ledger's row of the selected migration"),
    Key("adopt", "M", "app.adopt", "Move here from another tool: take over its migrations"),
)
INSPECT = (
    Key("edit", "e", "app.edit", "Edit the file in $VISUAL or $EDITOR", "Edit"),
    Key("filter", "slash", "screen.filter", "Filter the migrations by name", "Filter"),
    Key("copy", "c", "app.copy", "Copy the open tab, or the log from within it", "Copy"),
    Key("copy-path", "C", "app.copy_path", "Copy the path of the selected file"),
    Key("page", "o", "app.page", "Open what the pane shows in $PAGER"),
    Key("save-log", "S", "app.save_log", "Save the whole log in a file"),
    Key("verify", "V", "app.verify", "Verify: does the database have what its files make?"),
    Key("document", "ctrl+g", "app.document", "Document: write the schema as DBML"),
    Key("validate", "W", "app.validate", "What of the documentation is not as the database is"),
    Key("preview", "enter,p", "screen.preview", "Read the SQL of the selected migration", "Read"),
    Key("read-down", "J", "screen.read(1)", "Scroll the selected migration down, from the list"),
    Key("read-up", "K", "screen.read(-1)", "Scroll it up"),
    Key(
        "next-tab",
        "right_square_bracket,full_stop",  # a bracket takes AltGr on many keyboards
        "screen.tab(1)",
        "Next tab: SQL, Plan, Result, Ledger, Findings",
    ),
    Key("previous-tab", "left_square_bracket,comma", "screen.tab(-1)", "Previous tab"),
    Key("next-finding", "f", "app.finding(1)", "Findings: the next one in what is to run"),
    Key("previous-finding", "F", "app.finding(-1)", "The finding before"),
    Key("refresh", "r", "app.refresh", "Read the folder and the ledger again"),
    Key("sort", "s", "screen.sort", "Sort Applied by name, by date, by duration"),
    Key("history", "T", "app.history", "Times: the runs so far, as the ledger tells them"),
    Key("zoom", "plus,equals_sign", "screen.zoom", "Give the focused pane all the room"),
)
MOVE = (
    Key("pending", "1", "screen.pane('pending')", "Go to Pending"),
    Key("failed", "2", "screen.pane('failed')", "Go to Failed"),
    Key("applied", "3", "screen.pane('applied')", "Go to Applied"),
    Key("detail", "4", "screen.pane('detail')", "Go to the selected migration"),
    Key("log", "5", "screen.pane('log')", "Go to the log"),
    Key("next-pane", "tab", "app.focus_next", "Next pane"),
    Key("previous-pane", "shift+tab", "app.focus_previous", "Previous pane"),
    Key("next-odd", "i", "screen.odd(1)", "Next issue: failed, changed or missing"),
    Key("previous-odd", "I", "screen.odd(-1)", "The one before"),
    Key("back", "escape", "screen.back", "Leave the filter, the zoom, or the detail"),
)
FILTER = (
    Key("filter-keep", "enter", "submit", "Go to what the filter shows", "Keep", "filter"),
    Key("filter-leave", "escape", "screen.back", "Show all again", "Show all", "filter"),
)
LIST = (
    Key("down", "j,down", "move(1)", "Next migration", where="list"),
    Key("up", "k,up", "move(-1)", "Previous migration", where="list"),
    Key("page-down", "pagedown,ctrl+d", "page(1)", "A page down", where="list"),
    Key("page-up", "pageup,ctrl+u", "page(-1)", "A page up", where="list"),
    Key("first", "g,home", "first", "First migration", where="list"),
    Key("last", "G,end", "last", "Last migration", where="list"),
)
VIEW = (
    Key("view-down", "j,down", "line_down", "A line down", where="view"),
    Key("view-up", "k,up", "line_up", "A line up", where="view"),
    Key("view-left", "h,left", "scroll_left", "To the left", where="view"),
    Key("view-right", "l,right", "scroll_right", "To the right", where="view"),
    Key("view-far-left", "H,shift+left", "sideways(-1)", "Far to the left", where="view"),
    Key("view-far-right", "L,shift+right", "sideways(1)", "Far to the right", where="view"),
    Key("view-wrap", "w", "wrap", "Wrap long lines, or do not", where="view"),
    Key("view-search", "slash", "search", "Search in the text", "Search", where="view"),
    Key("view-next", "n", "find(1)", "The next place that was searched for", where="view"),
    Key("view-previous", "N", "find(-1)", "The one before", where="view"),
    Key("view-page-down", "pagedown,ctrl+d,space", "page_down", "A page down", where="view"),
    Key("view-page-up", "pageup,ctrl+u", "page_up", "A page up", where="view"),
    Key("view-first", "g,home", "first", "To the top", where="view"),
    Key("view-last", "G,end", "last", "To the end", where="view"),
)
FINDINGS = (
    Key(
        "explain",
        "enter",
        "explain",
        "The rule: an unsafe and a safer script, and what a rehearsal of each shows",
        "Explain",
        where="findings",
    ),
)
BLOCKERS = (
    Key("cancel-query", "c", "end(False)", "Cancel what the session is doing", where="blockers"),
    Key("terminate", "t", "end(True)", "Terminate the session", where="blockers"),
)
PROGRAM = (
    Key("target", "t", "app.target", "Choose another target of the settings"),
    Key("settings", "O", "app.settings", "Options: every setting, and where it came from"),
    Key("help", "question_mark", "app.help", "Show all keys", "Help"),
    Key("palette", "ctrl+p", "app.command_palette", "Find a command by its name"),
    Key("suspend", "ctrl+z", "app.suspend", "Back to the shell; its fg comes back here"),
    Key("quit", "q,ctrl+q", "app.quit", "Quit; asks while a run is on", "Quit"),
)

GROUPS: dict[str, tuple[Key, ...]] = {
    "Run": RUN,
    "Write": WRITE,
    "Inspect": INSPECT,
    "Go to": MOVE,
    "In the filter": FILTER,
    "In a list": LIST,
    "In a text": VIEW,
    "Among findings": FINDINGS,
    "Among blockers": BLOCKERS,
    "Program": PROGRAM,
}
"""All keys, under the titles of the help."""

MORE = {
    "apply": "A dialog shows first what that is; when something changes behind it, it shows that,"
    " and has to be confirmed again; it can leave files with batches out",
    "apply-only": "What is pending before it stays so; one with batches leaves other runs in peace",
    "cancel": "What is committed stays, the rest is rolled back, and the ledger says so; a"
    " verification has nothing to lose, and is cancelled at once",
    "blockers": "It offers two ways to end that",
    "dry-run": "It says why, has warnings come first, and changes nothing; it can be saved as a"
    " plan",
    "rehearse": "It shows locks, rewrites, and what changes, and the list marks what was rehearsed"
    " until its file changes; on a scratch, which the dialog offers, nothing is locked",
    "report": "It can be saved as a page for a pull request",
    "new": "It asks for a title, and opens the file in the editor",
    "reverse": "It asks first, and opens the draft in the editor",
    "difference": "It names the commit that has changed it",
    "repair": "It can mark it as applied, accept its checksum, forget its row, or take all up to it"
    " as applied; the row is shown before and after",
    "edit": "It opens at the line of its failure, or of the selected finding; of an applied one"
    " it says first that a change is drift",
    "preview": "Where there is no room beside the list, one that has failed shows first why",
    "save-log": "Only you can read it",
    "document": "The settings name the files",
    "refresh": "That also happens by itself: when a file changes, after a run, every few seconds",
    "zoom": "The Applied list has columns for date and duration then",
    "target": "The UI opens again for it",
    "quit": "Asked again, it does not wait for the server",
}
"""What else there is to say of a key, by its id."""

NAMES = {
    "full_stop": ".",
    "comma": ",",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "question_mark": "?",
    "shift+tab": "⇧tab",
    "shift+left": "⇧←",
    "shift+right": "⇧→",
    "enter": "enter",
    "escape": "esc",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "ctrl+d": "^d",
    "ctrl+g": "^g",
    "ctrl+u": "^u",
    "ctrl+p": "^p",
    "ctrl+q": "^q",
    "ctrl+z": "^z",
}

"""The names of keys as Textual has them, and what people call them."""

_CHARACTERS = {shown: name for name, shown in NAMES.items() if len(shown) == 1 and shown.isascii()}
_AS_IN_THE_TABLE: Mapping[str, str] = {}
KEYMAP = ContextVar("KEYMAP", default=_AS_IN_THE_TABLE)
"""The keys that the user of this application has set, by their ids; see ``keymap``."""


def bindings(where: Where) -> list[BindingType]:
    """The bindings for a widget, as Textual takes them."""
    return [
        Binding(
            key.keys,
            key.action,
            key.label or key.what,
            show=bool(key.label),
            priority=key.first,
            key_display=NAMES.get(key.keys.split(",")[0]),
            tooltip=tooltip(key),
            id=key.id,
        )
        for group in GROUPS.values()
        for key in group
        if key.where == where
    ]


def tooltip(key: Key) -> str:
    """All that there is to say of a key, in one or two sentences without a full stop at the end."""
    return ". ".join(filter(None, (key.what, MORE.get(key.id))))


_BY_ID = {key.id: key for group in GROUPS.values() for key in group}
_ONLY = {key.id: key.only for key in _BY_ID.values() if key.only}


def in_footer(binding: Binding, classes: Collection[str]) -> bool:
    """Whether the footer of a screen with these classes shows the key."""
    return binding.show and _ONLY.get(binding.id or "") in (None, *classes)


def shown(key: Key) -> str:
    """The keys as people call them and as their user has set them: ``j ↓``."""
    return " ".join(NAMES.get(name, name) for name in KEYMAP.get().get(key.id, key.keys).split(","))


def actions_of(key: str) -> list[str]:
    """The actions that a key has on the main screen, by their names."""
    return [
        one.action.partition("(")[0].rpartition(".")[2]
        for one in _BY_ID.values()
        if one.where == "main" and key in KEYMAP.get().get(one.id, one.keys).split(",")
    ]


def key_of(id: str) -> str:
    """The first key for something, by its id, as a sentence names it."""
    return shown(_BY_ID[id]).partition(" ")[0]


def name_of(key: str) -> str:
    """The name that Textual has for a key, which may be given as its character."""
    return _CHARACTERS.get(key, key)
