"""A checkpoint: how far a file without a transaction has got, and in which session.

It is the end of the error_message of the file's row, for people and for a later run to read::

    Statements done: 4 of 7 (md5 5f3c...)
    A new session starts with {"client_encoding": "UTF8"}
    Session of postgres after statement 4: {"role": "app", "search_path": "app, public"}

Where the next statement runs in batches, two lines of ``batch_mark`` stand in front of those about
the session. The digest is that of the statements that are done, with the data behind each COPY, so
that a later run can tell whether they still are what was run; line ends do not count. The session
is what differs from a new one's: settings by their names, ``role`` and ``session_authorization``,
and one name with a blank in it for everything else, such as ``LISTEN a``, ``advisory lock 0 7 1
ExclusiveLock``, ``temporary table x``. Where it applies there are more lines behind the first one:
``The next one commits by itself, and may be done as well (md5 5f3c...)``, ``What the last one left
in its session is not known``, ``Nobody can ask for what may be left in its session by statement
2``, ``The next transaction is ISOLATION LEVEL SERIALIZABLE, ...``.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemamig_tui.engine.ledger.batch_mark import RECORD, BatchMark, read_mark
from schemamig_tui.engine.ledger.wording import (
    CHAINED,
    DOUBTFUL,
    IF_CHANGED,
    STARTS,
    UNASKED,
    UNKNOWABLE,
)
from schemamig_tui.engine.script.script import Kind, Script
from schemamig_tui.text import visible

State = Mapping[str, str]
"""What differs in a session from a new one, by name, with the values as current_setting has them.

The values of names with a blank in them mean nothing.
"""


@dataclass(frozen=True, slots=True)
class SessionState:
    """The session behind the first ``after`` statements. ``login`` is its session user.

    ``starts`` are the settings that a new session got from its role, database and client.
    ``in_doubt``: the last of these statements had changed the session when it was asked, in front
    of the COMMIT, and it is not known whether the change outlives the COMMIT.
    """

    starts: Mapping[str, str]
    login: str
    after: int
    state: State
    in_doubt: bool = False

    def lines(self) -> str:
        """The two lines of a checkpoint that hold the session."""
        doubt = IF_CHANGED if self.in_doubt else ""
        head = session_head(self.login, self.after) + doubt
        return f"{starts_line(self.starts)}\n{head}: {dumped(self.state)}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says: how many statements are committed, and their digest.

    ``chained`` are the modes of the transaction that goes on behind COMMIT AND CHAIN. ``doubtful``
    is the digest of the next statement, where that may be done as well: it commits by itself,
    before it can be noted, and the server has not answered. ``unasked``: what the last statement
    left in the session could only be asked behind its COMMIT, and has not been asked.
    ``unknowable`` is the number, from 1, of the first statement that may have called code whose
    effect on the session no server tells; it is noted at once, because that code may be dropped
    later.

    ``session`` is None where an earlier version, which did not keep it, has written the checkpoint.
    Statements that are done but not counted in ``session.after`` have not changed the session,
    except one that is ``unasked``. ``batches`` is the progress of the next statement, where it runs
    in batches; ``unreadable`` tells that the line with that progress cannot be read.
    """

    statements: int
    digest: str
    chained: str | None = None
    doubtful: str | None = None
    unasked: bool = False
    unknowable: int | None = None
    session: SessionState | None = None
    batches: BatchMark | None = None
    unreadable: bool = False

    def further_lines(self) -> str:
        """The lines behind the first one, each with the line break in front of it."""
        doubtful = f"{DOUBTFUL} (md5 {self.doubtful})" if self.doubtful else ""
        unasked = UNASKED if self.unasked else ""
        unknowable = f"{UNKNOWABLE}{self.unknowable}" if self.unknowable else ""
        chained = f"\n{CHAINED}{self.chained}" if self.chained else ""
        batches = self.batches.lines if self.batches else ""
        session = f"\n{self.session.lines()}" if self.session else ""
        return doubtful + unasked + unknowable + chained + batches + session


class Progress:
    """Writes the first lines of one script's checkpoints.

    Asked in rising order it reads every statement once. Earlier versions made digests without the
    ``data`` behind a COPY, and still earlier ones with ``line_ends`` as they were.
    """

    def __init__(self, script: Script, *, data: bool = True, line_ends: bool = False) -> None:
        self._script = script
        self._data = data
        self._line_ends = line_ends
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._hashed = 0

    def line(self, done: int) -> str:
        """The line that tells how far the file has got."""
        return f"Statements done: {done} of {len(self._script)} (md5 {self.digest(done)})"

    def digest(self, done: int) -> str:
        """The digest of the first ``done`` statements."""
        for i in range(self._hashed, done):
            sql = self._script.sql(i)
            self._md5.update((sql if self._line_ends else _with_lf(sql)) + b";")
            if self._data and self._script.kind(i) is Kind.COPY_IN:
                for piece in self._script.copy_data(i):
                    self._md5.update(piece.replace(b"\r", b""))
        self._hashed = max(done, self._hashed)
        return self._md5.hexdigest()

    def message(
        self,
        done: int,
        *,
        unasked: bool = False,
        doubtful: bool = False,
        unknowable: int | None = None,
        batches: BatchMark | None = None,
    ) -> str:
        """The beginning of the error_message of a file that is still running."""
        following = statement_digest(self._script, done) if doubtful else None
        more = Checkpoint(
            done,
            "",
            doubtful=following,
            unasked=unasked,
            unknowable=unknowable,
            batches=batches,
        )
        also = f", and {batches.people}" if batches else ""
        first = f"running: {done} of {len(self._script)}{also}"
        return f"{first}\n{self.line(done)}{more.further_lines()}"


def statement_digest(script: Script, i: int) -> str | None:
    """The digest of statement ``i``; None where the script has no statement of that number."""
    if i >= len(script):
        return None
    return hashlib.md5(_with_lf(script.sql(i)), usedforsecurity=False).hexdigest()


def _with_lf(sql: bytes) -> bytes:
    return sql.replace(b"\r\n", b"\n") if b"\r" in sql else sql


def starts_line(starts: Mapping[str, str]) -> str:
    """The line that says what a new session starts with."""
    return STARTS + dumped(starts)


def session_head(login: str, after: int) -> str:
    """The beginning of the line that holds a session; the words behind it say how sure that is."""
    return f"Session of {visible(login)} after statement {after}"


def dumped(values: Mapping[str, str]) -> str:
    """An object as the server writes a jsonb: with the shortest names first."""
    ordered = sorted(values, key=lambda name: (len(name.encode()), name.encode()))
    return json.dumps({name: values[name] for name in ordered}, ensure_ascii=False)


def read_checkpoint(error_message: str | None) -> Checkpoint | None:
    """The checkpoint at the end of an error_message; None where it ends with none."""
    found = _CHECKPOINT.search(error_message or "")
    if found is None:
        return None
    session = None
    if found["login"] is not None:
        session = _session(found)
    batches = None
    if found["batched"] is not None:
        batches = read_mark(found["batched"], found["batches"])
    return Checkpoint(
        statements=int(found["done"]),
        digest=found["digest"],
        chained=found["chained"],
        doubtful=found["doubtful"],
        unasked=found["unasked"] is not None,
        unknowable=int(found["unknowable"]) if found["unknowable"] else None,
        session=session,
        batches=batches,
        unreadable=found["batched"] is not None and batches is None,
    )


def statements_done(error_message: str | None) -> tuple[int, int]:
    """How many statements are done, of how many, also by a checkpoint that somebody has changed."""
    found = _FIRST_LINE.findall(error_message or "")
    done, total = found[-1] if found else (0, 0)
    return int(done), int(total)


_FIRST_LINE = re.compile(r"^Statements done: (\d+) of (\d+) \(md5 ", re.M)
_CHECKPOINT = re.compile(
    r"^Statements done: (?P<done>\d+) of \d+ \(md5 (?P<digest>[0-9a-f]{32})\)"
    rf"(?:{DOUBTFUL} \(md5 (?P<doubtful>[0-9a-f]{{32}})\))?"
    rf"(?P<unasked>{UNASKED})?(?:{UNKNOWABLE}(?P<unknowable>\d+))?"
    rf"(?:\n{CHAINED}(?P<chained>[A-Z, ]+))?(?:{RECORD})?"
    rf"(?:\n{STARTS}(?P<starts>\{{.*\}})\nSession of (?P<login>.*) after statement (?P<after>\d+)"
    rf"(?P<doubt>{re.escape(IF_CHANGED)})?: (?P<state>\{{.*\}}))?\Z",
    re.M,
)


def _session(found: re.Match[str]) -> SessionState:
    login, after, doubt = found["login"], int(found["after"]), found["doubt"] is not None
    starts, state = _texts(found["starts"]), _texts(found["state"])
    if starts is None or state is None:
        return SessionState({}, login, after, {}, in_doubt=True)
    return SessionState(starts, login, after, state, doubt)


def _texts(values: str) -> Mapping[str, str] | None:
    """A JSON object as ``dumped`` has written it; None where somebody has changed it by hand."""
    try:
        found: dict[str, Any] = json.loads(values)
    except ValueError:
        return None
    return found if all(isinstance(value, str) for value in found.values()) else None
