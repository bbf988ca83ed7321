"""The tables of the README, made from the code. Each stands between two comments with its name.

What they say is written where the thing is defined: in the help of the command line, under the
settings, in the table of keys, at the rules and at the exit codes. Here is only how a table looks,
and which section of the README tells more of a row.
"""

import argparse
import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import schemamig_tui
from schemamig_tui.arguments import make_parser
from schemamig_tui.errors import ExitCode
from schemamig_tui.flags import ABOUT_ONE, DOCS
from schemamig_tui.lint import lint, silence
from schemamig_tui.lint.rules.rule import Asks
from schemamig_tui.settings import model as settings_model
from schemamig_tui.settings.values import SETTINGS, TARGET_SETTINGS, TYPE_NAMES
from schemamig_tui.tui import keys
from tests.reference.tables import coded, table, with_tables

README_FILE = Path(schemamig_tui.__file__).parents[1] / "README.md"

_MORE = {
    "--rehearse": "rehearse",
    "--lint": "lint",
    "--explain": "lint",
    "--verify": "verify-the-database-from-zero",
    "--new": "begin-a-new-one",
    "--new-rollback": "take-one-back",
    "--mark-applied": "when-something-goes-wrong",
    "--accept-checksum": "when-something-goes-wrong",
    "--accept-name": "keep-applied-files-and-the-order",
    "--forget": "when-something-goes-wrong",
    "--baseline": "when-something-goes-wrong",
    "--adopt": "coming-from-another-tool",
    "--diff": "keep-applied-files-and-the-order",
    "--against": "keep-applied-files-and-the-order",
    "--strict": "keep-applied-files-and-the-order",
    "--docs-generate": "document-the-database",
    "--docs-validate": "document-the-database",
    "--save-plan": "review-first-apply-later",
    "--plan": "review-first-apply-later",
    "--only": "change-large-tables-in-batches",
    "--skip-backfills": "change-large-tables-in-batches",
    "--pause-file": "change-large-tables-in-batches",
    "--lock-timeout": "see-and-steer-a-run",
    "--lock-retries": "see-and-steer-a-run",
    "--max-blocking": "see-and-steer-a-run",
    "--target": "several-databases-targets",
    "--env-file": "several-databases-targets",
    "--yes": "several-databases-targets",
    "--log-file": "a-log-and-alerts",
    "--on-success": "a-log-and-alerts",
    "--on-failure": "a-log-and-alerts",
    "--scratch": "verify-the-database-from-zero",
    "--container": "docker",
    # of keys
    "dry-run": "review-first-apply-later",
    "rehearse": "rehearse",
    "report": "rehearse",
    "apply-only": "change-large-tables-in-batches",
    "blockers": "see-and-steer-a-run",
    "new": "begin-a-new-one",
    "reverse": "take-one-back",
    "difference": "keep-applied-files-and-the-order",
    "branch": "keep-applied-files-and-the-order",
    "repair": "when-something-goes-wrong",
    "adopt": "coming-from-another-tool",
    "verify": "verify-the-database-from-zero",
    "document": "document-the-database",
    "validate": "document-the-database",
    "next-finding": "lint",
    "target": "several-databases-targets",
}
"""The section of the README that tells more of a flag, or of a key by its id."""

_OF_ASKING = {
    Asks.NOTHING: "",
    Asks.WORK: "clears it on a small table, raises it on a large one",
    Asks.ONLY_WORK: "finds it, on a large table",
    Asks.ROWS: "clears it on a table without rows",
    Asks.EXISTENCE: "clears it on a table that is not there yet",
}
"""What the database does with the findings of a rule."""


def readme_text() -> str:
    """The README with its tables as the code has them now, and the rest as it stands."""
    named = {flag for action in _actions() for flag in action.option_strings}
    named |= {key.id for group in keys.GROUPS.values() for key in group}
    if unknown := _MORE.keys() - named:
        raise ValueError(f"there is no flag and no key {', '.join(unknown)}")
    return with_tables(README_FILE, {name: made() for name, made in _TABLES.items()})


def _commands() -> Iterator[str]:
    rows = ((_flag(action), _what(action)) for action in _actions() if _is_mode(action))
    return table(("command", "what it does"), *rows)


def _options() -> Iterator[str]:
    actions = (it for it in _actions() if not _is_mode(it) and it.dest not in SETTINGS)
    rows = ((_flag(action), _what(action)) for action in actions)
    return table(("option", "of which command, and what it does"), *rows)


def _settings() -> Iterator[str]:
    described = dict(_documented_settings())
    flags = {action.dest: action for action in _actions()}
    rows: list[tuple[str, ...]] = []
    for name, reader in (SETTINGS | TARGET_SETTINGS).items():
        kinds = " or ".join(dict.fromkeys(TYPE_NAMES[kind] for kind in reader.types))
        flag = flags.get(name)
        what = _what(flag) if flag else coded(described[reader.field])
        if flag and flag.const is False:
            what = f"false: {what}"
        elif name not in SETTINGS:
            what = f"of a target: {what}"
        rows.append((f"`{name}`", _flag(flag) if flag else "", kinds, what))
    rows += ((f"`{name}`", "", "a table", coded(described[name])) for name in ("rules", "keys"))
    return table(("key", "flag", "in a file", "what it says"), *rows)


def _documented_settings() -> Iterator[tuple[str, str]]:
    """The fields of the settings, each with the text under it."""
    [class_node] = (
        node
        for node in ast.parse(inspect.getsource(settings_model)).body
        if isinstance(node, ast.ClassDef)
    )
    for node, below in zip(class_node.body, class_node.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            assert isinstance(below, ast.Expr), node.target.id
            text = ast.literal_eval(below.value).rstrip(".")
            yield node.target.id, text[0].lower() + text[1:]


def _exit_codes() -> Iterator[str]:
    return table(
        ("exit code", "when"), *((str(int(code)), coded(code.meaning)) for code in ExitCode)
    )


def _rules() -> Iterator[str]:
    rows = (
        (f"`{rule.name}`", str(rule.severity), coded(rule.what), _OF_ASKING[rule.asks])
        for rule in (*lint.RULES.values(), *silence.RULES)
    )
    return table(("rule", "severity", "what it finds", "the database"), *rows)


def _keys() -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    for title, group in keys.GROUPS.items():
        rows.append((f"**{title}**", "", ""))
        rows += (
            (_pressed(key), f"`{key.id}`", _linked(coded(keys.tooltip(key)), key.id))
            for key in group
        )
    return table(("key", "id", "what it does"), *rows)


def _pressed(key: keys.Key) -> str:
    """The keys as they are called in the settings: a character by itself, others by their names."""
    shown = {name: keys.NAMES.get(name, name) for name in key.keys.split(",")}
    return " ".join(
        f"`{it if it.isascii() and len(it) == 1 else name}`" for name, it in shown.items()
    )


def _actions() -> Iterator[argparse.Action]:
    return iter(make_parser()._actions)


def _is_mode(action: argparse.Action) -> bool:
    return action.dest in {"mode", "completion", *ABOUT_ONE, *DOCS}


def _flag(action: argparse.Action) -> str:
    """The flag with what goes behind it, as the help shows it."""
    formatter = argparse.HelpFormatter("")
    return f"`{formatter._format_action_invocation(action)}`"


def _what(action: argparse.Action) -> str:
    """The help of a flag, with the section that tells more."""
    return _linked(coded(action.help or ""), action.option_strings[0])


def _linked(what: str, name: str) -> str:
    """A text with the section that tells more of what has this name."""
    more = _MORE.get(name)
    return f"{what} ([more](#{more}))" if more else what


_TABLES = {
    "keys": _keys,
    "commands": _commands,
    "options": _options,
    "settings": _settings,
    "exit codes": _exit_codes,
    "rules": _rules,
}
"""The tables by their names."""
