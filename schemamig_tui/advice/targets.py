"""What the pending files touch, each thing once, with the first place that does."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from schemamig_tui.engine.script.script import Script
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.lexer import WORD
from schemamig_tui.sql.touch import IN_SCHEMAS, Right, Target, Touch
from schemamig_tui.sql.touches import touches

READ = 4 * 1024 * 1024
"""So many bytes of the statements of one file are looked at."""

_MOST_HEADS = 32


@dataclass(frozen=True, slots=True)
class Use:
    """The first statement of the pending files that touches something in this way."""

    touch: Touch
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Targets:
    """What so many files touch, in their order; ``unread`` says what could not be looked at."""

    files: int
    uses: tuple[Use, ...]
    unread: tuple[str, ...]


def find(scripts: Iterable[Script]) -> Targets:
    """What the files touch that is there before them.

    Left out is what an earlier statement creates. What may need a right is only said where it is
    the login role that does it, and where no earlier statement may have given it the right.
    """
    finder = _Finder()
    for script in scripts:
        finder.read(script)
    return Targets(finder.files, tuple(finder.uses.values()), tuple(finder.unread))


class _Finder:
    def __init__(self) -> None:
        self.files = 0
        self.uses: dict[Touch, Use] = {}
        self.unread: list[str] = []
        # By kind and name, the schemas where an earlier statement has created such an object.
        self._created: defaultdict[tuple[Target, str], set[str | None]] = defaultdict(set)
        self._temporary: set[str] = set()
        self._session = _AssumedSession()

    def read(self, script: Script) -> None:
        name = script.file.name
        self.files += 1
        self._session.start_file()
        self._temporary.clear()
        try:
            if not self._read(script):
                self.unread.append(f"{name}: only its first {READ >> 20} MB were looked at")
        except FilesError as error:
            self.unread.append(f"{name}: {error.message}")
        finally:
            script.release()

    def _read(self, script: Script) -> bool:
        """Whether the whole file was read."""
        read = 0
        # How statements of this file begin that write rows: another such one adds nothing.
        heads: tuple[bytes, ...] = ()
        for i in range(len(script)):
            if read > READ:
                return False
            sql = script.sql(i)
            read += len(sql)
            if sql.startswith(heads) and (sql[:1] in b"Ii" or _WHERE.search(sql)):
                continue
            if len(heads) < _MOST_HEADS and (head := _HEAD.match(sql)):
                heads = (*heads, head[0])
            self._session.follow(sql)
            for touch in touches(sql):
                self._note(touch, script, i)
        return True

    def _note(self, touch: Touch, script: Script, i: int) -> None:
        name = touch.name
        key = touch.target, name.name
        if touch.temporary:
            self._temporary.add(name.name)
            return
        found_by_path = name.schema is None and touch.target in IN_SCHEMAS
        if not self._is_new(touch) and (self._session.path_known or not found_by_path):
            if not self._session.judged:
                touch = replace(touch, right=None)
            if touch not in self.uses:
                self.uses[touch] = Use(touch, script.file.name, script.line(i))
        if touch.creates:
            self._created[key].add(name.schema)

    def _is_new(self, touch: Touch) -> bool:
        name = touch.name
        if name.schema is None and touch.target is Target.RELATION and name.name in self._temporary:
            return True
        if touch.right is Right.CREATE:
            return (Target.SCHEMA, name.schema) in self._created
        schemas = self._created.get((touch.target, name.name), set())
        # Where one of the two names has no schema, they may mean the same object.
        return bool(schemas) and (
            name.schema is None or not schemas.isdisjoint((None, name.schema))
        )


class _AssumedSession:
    """What earlier statements may have changed: the search path, the role, and its rights."""

    def __init__(self) -> None:
        self._path_kept = self._rights_kept = True
        self.path_known = self.judged = True

    def start_file(self) -> None:
        """Every file starts in a session as good as new."""
        self.path_known, self.judged = self._path_kept, self._rights_kept

    def follow(self, sql: bytes) -> None:
        """Take notice of what a statement may change."""
        match = WORD.match(sql)
        verb = match[0].lower() if match else b""
        if verb == b"set" or (verb == b"select" and _SETS.search(sql)):
            self.path_known &= not _PATH.search(sql)
            self.judged &= not _ROLE.search(sql)
        elif verb in (b"do", b"call"):
            self.path_known &= not _PATH.search(sql)
            self._may_give_rights(_RIGHTS.search(sql))
        elif verb == b"grant":
            self._may_give_rights(not _ON.search(sql))
        elif verb == b"alter" and _ALTERS_DEFAULTS.match(sql):
            self._path_kept = self.path_known = self.path_known and not _PATH.search(sql)
            self._may_give_rights(True)
        elif verb == b"reassign" or (verb == b"alter" and _RIGHTS.search(sql)):
            self._may_give_rights(False)

    def _may_give_rights(self, likely: object) -> None:
        """Stop judging for good where rights are given, by another role or to a role."""
        if likely or not self.judged:
            self._rights_kept = self.judged = False


_SETS = re.compile(rb"(?i)\bset_config\b")
_PATH = re.compile(rb"(?i)\bsearch_path\b|\bset\s+schema\b")
_ROLE = re.compile(rb"(?i)\brole\b|\bauthorization\b")
_RIGHTS = re.compile(rb"(?i)\bgrant\b|\bowner\b|\brole\b|\bauthorization\b")
_ON = re.compile(rb"(?i)\bon\b")
_ALTERS_DEFAULTS = re.compile(rb"(?i)alter\s+(?:role|user|group|database)\b")
# A statement up to what follows the name. Where two begin with the same one, they touch the same.
_IDENTIFIER = rb'(?:[\w$\x80-\xff]++|"[^"]++")'
_NAME = _IDENTIFIER + rb"(?:\." + _IDENTIFIER + rb")?"
_HEAD = re.compile(
    rb"(?i)(?:insert\s++into|update|delete\s++from)\s++(?!only\b)"
    + _NAME
    + rb"(?:\s*+\(|\s++[a-z])"
)
_WHERE = re.compile(rb"(?i)\bwhere\b")
