"""Finds what a text may leave in a session that only a new session is free of, or notices.

psql gives every file a session of its own. Where the files share one, RESET, DISCARD and kin undo
most of what a file leaves. This finds the rest in the text of a file or of a stored function: in
its statements, and in the code that these carry in strings. Comments do not count.

A false alarm costs a question to the server or a new session, so the patterns may be generous.
They run over text in lower case, which lets most of them start with letters to search for.
"""

import re
from dataclasses import dataclass
from functools import cache

from schemamig_tui.sql.lexer import phrase, without_comments
from schemamig_tui.sql.strings import string_value
from schemamig_tui.sql.type_changes import NO_TYPES, TypeChanges, declarations, type_changes


@dataclass(frozen=True, slots=True)
class Traces:
    """What a text may do to the session in which it runs, and see there.

    ``leaves``: it may leave something that no statement undoes, and for which the server cannot be
    asked. ``keeps``: a part of that stays in the session itself, and no statement can make it again
    in another session, such as a loaded library, a seed, a connection of dblink. ``sees``: it may
    notice that the session was in use before. ``names`` are the settings with a dot in their name,
    in lower case, that it sets or reads: RESET makes such a setting empty, and not unknown again.
    ``alters_start``: it may change what the sessions of its role and its database start with.
    ``types`` are those that it changes, and ``declarations`` what its PL/pgSQL functions declare.
    ``stores_code``: it may store code that does any of that.
    """

    leaves: bool = False
    sees: bool = False
    names: frozenset[str] = frozenset()
    alters_start: bool = False
    types: TypeChanges = NO_TYPES
    declarations: bytes = b""
    stores_code: bool = False
    keeps: bool = False


NO_TRACES = Traces()
"""Those of a text that leaves nothing and sees nothing."""
ANY_TRACES = Traces(leaves=True, sees=True, stores_code=True, keeps=True)
"""Those of a text that is too long to be looked at: it gets a session of its own."""


def traces_of(sql: bytes, *, standard_strings: bool = True) -> Traces:
    """The traces of ``sql``: the statements of a file, or the code of a function.

    Without ``standard_strings``, the server's standard_conforming_strings, the end of a string is
    harder to find: then comments count as well.
    """
    traces = _traces(sql.lower())
    if traces is not NO_TRACES and standard_strings and (b"--" in sql or b"/*" in sql):
        return _traces(without_comments(sql).lower())
    return traces


def changes_reading(sql: bytes) -> bool:
    """Whether a statement, or code in it, may set how the strings of later sessions are cut.

    The client encoding is not among what a role or a database can change for them: each of our
    connections asks for its own.
    """
    return (
        re.search(rb"(?i)standard_conforming_strings", sql) is not None
        and re.search(rb"(?i)(?<!\w)(?:alter|execute)(?!\w)", sql) is not None
    )


MAY_LEAVE_TRACES = (
    r"set_config|current_setting|setseed|temp_buffers|track_counts|current_schemas|set_system_time"
    r"|\m(?:re)?set\M|\mshow\M|\mload\M|\mexecute\M|\malter\M|\mon\s+database\M"
    r"|extension|event|server|foreign|language|plpgsql\.|dblink_|pg_|isn_weak|hypopg_|pgv_|u&\""
)
"""A pattern of the server's for its operator ~*, which finds the code that ``traces_of`` may."""


@cache
def any_word(words: frozenset[str]) -> re.Pattern[bytes]:
    """The pattern of a text that has one of these names in it, in upper or lower case.

    Each is as the server has it, which cuts a name that is too long.
    """
    either = b"|".join(_written(word.encode()) for word in sorted(words))
    return re.compile(rb"(?i)(?<!\w)(?:" + either + rb")")


def _written(name: bytes) -> bytes:
    """The pattern of what is written for a name: quotes are doubled where it is quoted."""
    end = rb"" if len(name) >= _MAY_BE_CUT else rb"(?![\w$])"
    return re.escape(name).replace(b'"', b'"+') + end


# NAMEDATALEN - 1 is 63, less up to three bytes of a character that would be cut in two.
_MAY_BE_CUT = 60


def _traces(text: bytes) -> Traces:
    if b'u&"' in text:
        text = _ESCAPED_NAME.sub(_plain_name, text).lower()
    words = _Mentions(text)
    keeps = words.leave or _is_found(_KEEP, text)
    leaves = keeps or _is_found(_LEAVE, text)
    alters_start = _is_found(_ALTER_START, text)
    types, declared = type_changes(text), declarations(text)
    if not (
        leaves or words.see or words.names or alters_start or declared or types is not NO_TYPES
    ):
        return NO_TRACES
    names, stores = frozenset(words.names), any(word in text for word in _STORING)
    return Traces(leaves, words.see, names, alters_start, types, declared, stores, keeps)


_ESCAPED_NAME = re.compile(rb"""u&"((?:[^"]|"")*+)"(?:\s*+uescape\s*+'([^'])')?""")


def _plain_name(name: re.Match[bytes]) -> bytes:
    """A name with Unicode escapes as it is written without any."""
    inside = name[1].replace(b'""', b'"').replace(b"'", b"''")
    if name[2]:
        inside = inside.replace(name[2], b"\\")
    plain = string_value(b"u&'" + inside + b"'") or b""
    return b'"' + plain.replace(b'"', b'""') + b'"'


def _is_found(rules: tuple[tuple[bytes, bytes], ...], text: bytes) -> bool:
    """Whether the text has one of the phrases; first a word of it is tried, which takes less."""
    return any(word in text and phrase(pattern).search(text) for word, pattern in rules)


class _Mentions:
    """The names of settings in a text, and words that mean something wherever they stand."""

    def __init__(self, text: bytes) -> None:
        self.names: set[str] = set()
        self.leave = False
        self.see = b"plpgsql." in text and phrase(_OF_PLPGSQL).search(text) is not None
        for word in phrase(_WORD).finditer(text):
            self._note_word(text, word)
        for match in phrase(_SET).finditer(text):
            start = match.start()
            if not phrase(_UPDATE).search(text, max(0, start - _IN_FRONT), start):
                self._note_name(match["set"] or match["reset"])
        for match in phrase(_SHOW).finditer(text) if b"show" in text else ():
            self._note_name(match["show"])

    def _note_word(self, text: bytes, word: re.Match[bytes]) -> None:
        self.see |= word["sees"] is not None
        self.leave |= word["leaves"] is not None
        if word["function"]:
            if argument := phrase(_NAME_AS_ARGUMENT).match(text, word.end()):
                self._note_name(argument["name"])
            elif word["function"] == b"config" and phrase(_OPENING).match(text, word.end()):
                self._note_name(None)

    def _note_name(self, name: bytes | None) -> None:
        """Note a setting; None is one whose name only the run knows, which may be any.

        temp_buffers cannot be set where the session has used temporary tables before.
        """
        self.see |= name is None
        if name is None or not name.isascii() or name in (b"seed", b"track_counts"):
            self.leave = True
        elif b"." in name:
            self.names.add(re.sub(rb"[^\w$.]", b"", name).decode())


# -- words with an underscore in them, which takes little time to find

_WORD = (
    rb"_(?:"
    rb"(?P<function>(?<=set_)(?<!\wset_)config|(?<=current_)(?<!\wcurrent_)setting)(?![\w$])"
    rb"|(?P<leaves>(?<=dblink_)(?:connect|open)|(?:physical|logical)_replication_slot"
    rb"|(?<=pg_)(?:replication_origin_session_setup|start_backup|backup_start)"
    rb"|(?<=isn_)weak|(?<=hypopg_)|(?<=pgv_)|(?<=set_)system_time|(?<=track_)counts)"
    rb"|(?P<sees>(?<=temp_)buffers|(?<=pg_)(?:my_temp_schema|temp_\d|backend_memory_contexts"
    rb"|get_loaded_modules)|(?<=current_)schemas(?!\s*+\(\s*+false)))"
)
_OPENING = rb"\"?~\("
# One quote, or more in a string in a string; or E'...\'...'.
_QUOTE = rb"(?:'++|\\')"
_NAME_AS_ARGUMENT = (
    _OPENING + rb"~e?" + _QUOTE + rb"\s*+(?P<name>[a-z_][\w$.]*+)\s*+" + _QUOTE + rb"~[,):]"
)

# -- SET, RESET and SHOW

# The server takes letters beyond ASCII as well.
_PART = rb"\"?[a-z_\x80-\xff][\w$\x80-\xff]*+\"?"
_DOTTED = _PART + rb"(?:~\.~" + _PART + rb")+"
_ENDS = rb"(?=\s*+(?:[;'$]|\Z))"
# EXECUTE 'SET ' || name, 'SET app.' || name, format('SET %I'), format('SET app.%I'); SET seed
_CUT_OFF = rb"(?:(?:[\w$.\"]++)?" + _QUOTE + rb"|[\w.\"]*+\$\w*+\$)\s*+(?:\|\||,)"
_OTHERS = _CUT_OFF + rb"|%[-\d$*]*+[sil]|" + _PART + rb"\.%|seed(?![\w$])"
# q := 'SET app.'; replace('SET # = 1', '#', name)
_UNFINISHED = rb"(?:(?:" + _PART + rb"\.)?(?:" + _QUOTE + rb"|\$\w*+\$)|[#:{<@?!])"
_SET = (
    rb"set(?:(?<!\wset)(?: (?:session|local))? (?:(?P<set>"
    + _DOTTED
    + rb")~(?:=|(?:to|from)(?![\w$]))"
    rb"|" + _OTHERS + rb")"
    rb"|(?<=['$]set)(?: (?:session|local))? "
    + _UNFINISHED
    + rb"|(?<=reset)(?<!\wreset) (?P<reset>"
    + _DOTTED
    + rb")"
    + _ENDS
    + rb")"
)
_SHOW = rb"show(?<!\wshow) (?P<show>" + _DOTTED + rb")" + _ENDS
# UPDATE t SET is something else.
_UPDATE = rb"update(?![\w$])[^;]*\Z"
_IN_FRONT = 200
_OF_PLPGSQL = rb"(?<!\w)plpgsql\.[a-z]"

# -- statements: a word that is found in little time, and the phrase it is a part of

_KEEP = (
    # EXECUTE concat_ws(' ', 'SET', name, '=', value)
    (b"'set'", rb"(?:concat(?:_ws)?|format)~\([^;()]{0,200}?'set'~[,)]"),
    (b"load", rb"load(?<!\wload)~(?:e?'|\$)"),
    (b"setseed", rb"setseed(?<!\wsetseed)\"?~\("),
    # PL/Perl, PL/Python and PL/Tcl have variables that last as long as the session.
    (
        b"language",
        rb"language ['\"]?(?!(?:sql|plpgsql|c|internal)(?![\w$]))"
        rb"(?:pl\w++|v8|\w*?python\w*+)(?![\w$])",
    ),
)
_LEAVE = (
    # The script of an extension may do anything.
    (b"extension", rb"create extension(?![\w$])"),
    (b"extension", rb"alter extension(?![\w$])"),
    (b"extension", rb"drop extension(?![\w$])"),
    (b"event", rb"event trigger(?![\w$])"),
    (b"server", rb"create server(?![\w$])"),
    (b"foreign", rb"create foreign table(?![\w$])"),
    (b"foreign", rb"import foreign(?![\w$])"),
    (b"system", rb"alter system(?![\w$])"),
    # A function keeps what these were when it was compiled.
    (b"plpgsql.", _OF_PLPGSQL),
)
# What code is stored in, or its words that a default or a constraint may have.
_STORING = (
    b"function",
    b"procedure",
    b"trigger",
    b"view",
    b"rule",
    b"policy",
    b"set_config",
    b"setseed",
)
# Directly, or in code that it executes. EXECUTE FUNCTION belongs to a trigger, EXECUTE ON to GRANT.
_ALTER_START = (
    (b"alter", rb"alter (?:role|group|database|user(?! mapping))(?![\w$])"),
    (b"database", rb"grant [^;]{1,500}?(?<!\w)on database(?![\w$])"),
    (b"database", rb"revoke [^;]{1,500}?(?<!\w)on database(?![\w$])"),
    (b"execute", rb"execute(?<!\wexecute)(?![\w$])(?! (?:function|procedure|on)(?![\w$]))"),
    (b"pg_", rb"pg_(?:db_role_setting|authid|database)(?![\w$])"),
)
