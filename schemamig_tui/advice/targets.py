"""Finds what the pending files touch: each object once, with the first statement that does."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from schemamig_tui.advice.advice import Advice, note
from schemamig_tui.advice.names import Names, Part, Path
from schemamig_tui.advice.new_objects import NewObjects
from schemamig_tui.engine import Script
from schemamig_tui.engine.events import Mode
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.actions import Does, TableAction
from schemamig_tui.sql.bodies import body, first_ddl
from schemamig_tui.sql.heads import adds_no_touch, writing_head
from schemamig_tui.sql.prepared import PreparedStatements
from schemamig_tui.sql.session import SessionModel
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
    """What ``files`` files touch, in their order; ``unread`` are notes on what is not known."""

    files: int
    uses: tuple[Use, ...]
    unread: tuple[Advice, ...]


def find(scripts: Iterable[Script], path: Path = None) -> Targets:
    """The existing objects that the files touch, by the names that they have now.

    Objects that an earlier statement creates are left out. A use has a ``right`` only if the
    login role is the one that needs it, and no earlier statement may have granted it. ``path`` are
    the schemas in the search_path of a new session.
    """
    finder = _Finder(path)
    for script in scripts:
        finder.read(script)
    return Targets(finder.files, tuple(finder.uses.values()), tuple(finder.unread))


class _Finder:
    def __init__(self, path: Path) -> None:
        self.files = 0
        self.uses: dict[Touch, Use] = {}
        self.unread: list[Advice] = []
        self._transaction = 0
        self._code_has_run = False
        self._names = Names()
        self._new = NewObjects()
        # The new views of which it has been said that nothing is known.
        self._views: set[Name] = set()
        # The line where the search_path is not known any more.
        self._lost: int | None = None
        self._rights: set[tuple[ObjectKind, Name, str, Right | None]] = set()
        self._session = _AssumedSession(path)

    def read(self, script: Script) -> None:
        name = script.file.name
        self.files += 1
        self._transaction += 1
        self._session.start_file()
        self._names.start_file()
        self._lost = None
        try:
            if not self._read(script):
                what = f"Only the first {READ >> 20} MB were looked at."
                self.unread.append(note(what, file=name))
        except FilesError as error:
            self.unread.append(note(error.message, file=name))
        finally:
            script.release()
        if self._lost is not None:
            what = "What names without a schema mean cannot be told from here on, as another"
            what += " search_path may be set here."
            self.unread.append(note(what, file=name, line=self._lost))

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
            head = writing_head(sql) if len(heads) < _MOST_HEADS else None
            traits = traits_of(sql)
            self._session.follow(traits)
            self._names.follow(traits)
            found = [*prepared.touches(sql)]
            self._new.learn([(touch, self._note(touch, script, i)) for touch in found])
            # The same head may stand for another table from here on.
            if any(one.creates or one.becomes or one.right is Right.DROP for one in found) or (
                traits.savepoint or traits.assigns or kind in _ENDS
            ):
                heads = ()
            elif head:
                heads = (*heads, head)
            self._code_has_run |= traits.runs_code
            if traits.label == "DO":
                self._note_block(script, i, sql)
        return True

    def _note(self, touch: Touch, script: Script, i: int) -> Touch | None:
        """Note what is touched, which is given back by the names that there are now."""
        before = None
        path = self._session.path
        found_by_path = touch.name.schema is None and touch.target in IN_SCHEMAS
        if not touch.temporary:
            if found_by_path and not self._session.path_known:
                self._lost = self._lost or script.line(i)
            elif before := self._before(touch, path):
                self._add(before, script, i)
            else:
                for other in self._new.belongings(touch):
                    self._add(other, script, i)
                if touch.name not in self._views and self._new.is_view(touch):
                    self._views.add(touch.name)
                    what = f"{touch.statement} locks behind the new view {touch.name}"
                    self._note_unknown(what, script, i)
        self._names.apply(touch, path)
        return before

    def _note_block(self, script: Script, i: int, sql: bytes) -> None:
        """Say of a DO block with DDL that its locks are not among those that are known."""
        found = body(sql)
        if found and (ddl := first_ddl(found.code)):
            self._note_unknown(f"{ddl[0]} in this DO block locks", script, i)

    def _note_unknown(self, what: str, script: Script, i: int) -> None:
        text = f"What {what} cannot be told."
        self.unread.append(note(text, file=script.file.name, line=script.line(i)))

    def _before(self, touch: Touch, path: Path) -> Touch | None:
        """What it touches, by the names that there are now; None where all of that is new."""

        def named(name: Name, kind: ObjectKind = ObjectKind.RELATION) -> Name | None:
            found = self._names.before(kind, name, path)
            return self._session.looked_up(found) if found and kind in IN_SCHEMAS else found

        if touch.right is Right.CREATE:
            schema = touch.name.schema
            is_new = schema and not self._names.before(ObjectKind.SCHEMA, Name(None, schema), path)
            return None if is_new else touch
        name = named(touch.name, touch.target)
        if name is None:
            return None
        table = name
        if name.schema is None and path and not path[1:]:
            table = Name(path[0], name.name)
        condition = touch.condition
        if condition and condition.on:
            condition = condition._replace(on=named(condition.on) or condition.on)
        actions = []
        for action in touch.actions:
            other = action.other
            if other and action.does is not Does.ADD_KEY:
                other = named(other)
            actions.append(self._action_before(action._replace(other=other), table))
            self._rename_part(actions[-1], table)
        return touch._replace(
            name=name,
            condition=condition,
            actions=tuple(actions),
            sets=self._columns_before(touch.sets, table),
            unique=self._columns_before(touch.unique, table),
        )

    def _action_before(self, action: TableAction, table: Name) -> TableAction:
        """The action with the names that columns and constraints have now."""
        part: Part = "column" if action.does is Does.CHANGE else "constraint"
        column, name, other = action.column, action.name, action.other
        return action._replace(
            column=column and self._names.part_before(table, "column", column),
            name=name and self._names.part_before(table, part, name),
            columns=self._columns_before(action.columns, table),
            others=self._columns_before(action.others, other) if other else action.others,
        )

    def _columns_before(self, columns: tuple[str, ...], table: Name) -> tuple[str, ...]:
        return tuple(self._names.part_before(table, "column", name) for name in columns)

    def _rename_part(self, action: TableAction, table: Name) -> None:
        """Take over what an action renames; it has the names of now."""
        if action.name and action.becomes:
            part: Part = "column" if action.does is Does.CHANGE else "constraint"
            self._names.rename_part(table, part, action.name, action.becomes)

    def _add(self, touch: Touch, script: Script, i: int) -> None:
        if not self._session.judged:
            touch = touch._replace(right=None)
        # What it does differs from one statement to the next, but not the right that it needs.
        kind = touch.target, touch.name, touch.statement, touch.right
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


# A name that means the same in quotes and without: what of others was quoted is not kept.
_ONE = re.compile(r"[a-z_][a-z0-9_]*")


class _AssumedSession:
    """What is still known of the session after earlier statements: search path, role, rights."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._path_kept = self._rights_kept = True
        self._code_may_set_path = False
        self.judged = True
        self._settings = SessionModel()

    def start_file(self) -> None:
        """Every file starts in a session as good as new."""
        self.judged = self._rights_kept
        self._code_may_set_path = not self._path_kept
        self._settings = SessionModel()

    @property
    def path_known(self) -> bool:
        """Whether it is known where names without a schema are looked up."""
        named = self._settings.get("search_path")
        return not self._code_may_set_path and (named is None or _ONE.fullmatch(named) is not None)

    @property
    def path(self) -> Path:
        """The schemas where they are; those of a new session may not be known either."""
        if not self.path_known:
            return None
        named = self._settings.get("search_path")
        return self._path if named is None else (named,)

    def looked_up(self, name: Name) -> Name:
        """The name for a question to the database, whose own search_path is that of the start."""
        named = self._settings.get("search_path")
        return Name(named, name.name) if named and name.schema is None else name

    def follow(self, traits: Traits) -> None:
        """Note what a statement may change."""
        assigns = traits.assigns
        self._settings.follow(traits)
        names_path = "search_path" in traits.mentions
        if assigns and assigns.value is not None:
            self.judged &= not assigns.changes_role
        elif traits.runs_code:
            self._code_may_set_path |= names_path
        if traits.alters_defaults and names_path:
            self._code_may_set_path = True
            self._path_kept = False
        if traits.rights or traits.label == "GRANT":
            self._may_give_rights(
                traits.rights == "role" or traits.runs_code or traits.alters_defaults
            )

    def _may_give_rights(self, likely: bool) -> None:
        """Stop judging for good where rights are given, by another role or to a role."""
        if likely or not self.judged:
            self._rights_kept = self.judged = False
