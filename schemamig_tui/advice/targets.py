"""Finds what the pending files touch: each object once, with the first statement that does."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from schemamig_tui.engine import Script
from schemamig_tui.engine.events import Mode
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.heads import adds_no_touch, writing_head
from schemamig_tui.sql.prepared import PreparedStatements
from schemamig_tui.sql.statements import traits_of
from schemamig_tui.sql.touch import IN_SCHEMAS, ObjectKind, Right, Touch
from schemamig_tui.sql.traits import Kind, Traits
from schemamig_tui.sql.words import Name

READ = 4 * 1024 * 1024
"""How many bytes of the statements of one file are read."""

_MOST_HEADS = 32
_ENDS = (Kind.COMMIT, Kind.ROLLBACK)


@dataclass(frozen=True, slots=True)
class Use:
    """The first statement of the pending files that touches something in this way.

    ``transaction`` counts those of all files: what one statement has locked is still locked when
    the next one of the same transaction works. ``after_code``: functions or blocks have run before
    it, and nothing is known of what they have written.
    """

    touch: Touch
    file: str
    line: int
    transaction: int = 0
    after_code: bool = False


@dataclass(frozen=True, slots=True)
class Targets:
    """What ``files`` files touch, in their order; ``unread`` says which parts were not read."""

    files: int
    uses: tuple[Use, ...]
    unread: tuple[str, ...]


def find(scripts: Iterable[Script]) -> Targets:
    """The existing objects that the files touch.

    Objects that an earlier statement creates are left out. A use has a ``right`` only if the
    login role is the one that needs it, and no earlier statement may have granted it.
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
        self._transaction = 0
        self._code_has_run = False
        # By kind and name, the schemas where an earlier statement has created such an object.
        self._created: defaultdict[tuple[ObjectKind, str], set[str | None]] = defaultdict(set)
        self._temporary: set[str] = set()
        self._rights: set[tuple[ObjectKind, Name, str, Right | None]] = set()
        self._session = _AssumedSession()

    def read(self, script: Script) -> None:
        name = script.file.name
        self.files += 1
        self._transaction += 1
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
        prepared = PreparedStatements()
        in_block = script.mode is Mode.TRANSACTION
        for i in range(len(script)):
            if read > READ:
                return False
            sql = script.sql(i)
            read += len(sql)
            kind = script.kind(i)
            in_block = kind is Kind.BEGIN or (in_block and kind not in _ENDS)
            self._transaction += not in_block or kind is Kind.CHAIN
            if sql.startswith(heads) and adds_no_touch(sql):
                continue
            if len(heads) < _MOST_HEADS and (head := writing_head(sql)):
                heads = (*heads, head)
            traits = traits_of(sql)
            self._session.follow(traits)
            for touch in prepared.touches(sql):
                self._note(touch, script, i)
            self._code_has_run |= traits.runs_code
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
                touch = touch._replace(right=None)
            # What it does differs from one statement to the next, but not the right that it needs.
            kind = touch.target, name, touch.statement, touch.right
            if kind in self._rights:
                differs = touch.actions or touch.sets
                touch = touch._replace(right=None) if differs else touch
            self._rights.add(kind)
            if touch not in self.uses:
                self.uses[touch] = Use(
                    touch,
                    script.file.name,
                    script.line(i),
                    self._transaction,
                    self._code_has_run,
                )
        if touch.creates:
            self._created[key].add(name.schema)

    def _is_new(self, touch: Touch) -> bool:
        name = touch.name
        if (
            name.schema is None
            and touch.target is ObjectKind.RELATION
            and name.name in self._temporary
        ):
            return True
        if touch.right is Right.CREATE:
            return (ObjectKind.SCHEMA, name.schema) in self._created
        schemas = self._created.get((touch.target, name.name), set())
        # Where one of the two names has no schema, they may mean the same object.
        return bool(schemas) and (
            name.schema is None or not schemas.isdisjoint((None, name.schema))
        )


class _AssumedSession:
    """What is still known of the session after earlier statements: search path, role, rights."""

    def __init__(self) -> None:
        self._path_kept = self._rights_kept = True
        self.path_known = self.judged = True

    def start_file(self) -> None:
        """Every file starts in a session as good as new."""
        self.path_known, self.judged = self._path_kept, self._rights_kept

    def follow(self, traits: Traits) -> None:
        """Note what a statement may change."""
        assigns = traits.assigns
        if assigns and assigns.value is not None:
            self.path_known &= assigns.name != "search_path"
            self.judged &= not assigns.changes_role
        elif traits.runs_code:
            self.path_known &= "search_path" not in traits.mentions
        if traits.alters_defaults:
            self.path_known &= "search_path" not in traits.mentions
            self._path_kept = self.path_known
        if traits.rights or traits.label == "GRANT":
            self._may_give_rights(
                traits.rights == "role" or traits.runs_code or traits.alters_defaults
            )

    def _may_give_rights(self, likely: bool) -> None:
        """Stop judging for good where rights are given, by another role or to a role."""
        if likely or not self.judged:
            self._rights_kept = self.judged = False
