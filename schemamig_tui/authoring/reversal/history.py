"""Finds what earlier files have created, where the database cannot be asked any more."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from schemamig_tui.authoring.reversal.spelling import without_arguments
from schemamig_tui.engine import Script
from schemamig_tui.sql.inverse.inverse import Inverse, Named
from schemamig_tui.sql.inverse.objects import Identity, identity, is_named_in, words_of
from schemamig_tui.sql.inverse.reader import StatementReader
from schemamig_tui.sql.inverse.table import inverse
from schemamig_tui.sql.removals import removals
from schemamig_tui.sql.words import Name, verb_of

# How the statements begin that make, drop or rename something, or change what was made.
_MAKE_OR_CHANGE = frozenset(
    (
        b"alter",
        b"call",
        b"comment",
        b"create",
        b"do",
        b"drop",
        b"execute",
        b"grant",
        b"revoke",
        b"security",
        b"select",
        b"set",
    )
)
_ROUTINES = ("AGGREGATE", "FUNCTION", "PROCEDURE", "ROUTINE")
# They hold rows, and have what other statements have added to them.
_NEVER_KNOWN = ("COLUMN", "DATABASE", "FOREIGN TABLE", "TABLE")


class Made(NamedTuple):
    """The last statement that has made an object, and its file; ``replaces``: with OR REPLACE.

    ``at`` is its number among all statements. ``is_there``: it has not been dropped or renamed
    since. ``is_definition``: the object was as it says, and no other one with its name was there.
    """

    named: Named
    file: str
    sql: bytes
    at: int
    replaces: bool
    is_definition: bool
    is_there: bool = True


class History:
    """What statements have made, in the order in which they have run.

    ``schema`` is the one that names without a schema are in, as long as no statement sets a search
    path; None: it is not known.
    """

    def __init__(self, schema: str | None = None) -> None:
        self._schema = schema
        self._made: dict[Identity, Made] = {}
        self._changes: list[tuple[int, bytes, Inverse]] = []
        self._sets_path = False
        self._count = 0

    def made(self, named: Named) -> Made | None:
        """The statement that has last made an object."""
        return self._made.get(self._identity(named))

    def definitions(self, dropped: Sequence[Named]) -> list[Made]:
        """What makes all of these objects as they surely are, in its order; none if one is not."""
        found = [made for one in dropped if (made := self.made(one)) and self._is_sure(one, made)]
        return sorted(found, key=lambda made: made.at) if len(found) == len(dropped) else []

    def note(self, sql: bytes, found: Inverse) -> None:
        """Note what a statement drops, renames or changes."""
        self._count += 1
        verb = verb_of(sql)
        if verb != b"create" and b"search_path" in sql.lower():
            # From now on names without a schema may be in any.
            self._sets_path, self._schema = True, None
            self._made = {identity(made.named): made for made in self._made.values()}
        for one in map(self._identity, (*found.drops, *found.moves)):
            if one in self._made:
                self._made[one] = self._made[one]._replace(is_there=False)
        if verb in _MAKE_OR_CHANGE:
            self._changes.append((self._count, sql, found))

    def note_created(self, file: str, sql: bytes, found: Inverse, *, as_run: bool) -> None:
        """Note what a statement that was noted has created. ``as_run``: it has run as it stands."""
        for named in found.creates:
            one = self._identity(named)
            last = self._made.get(one)
            if last and last.is_there and found.if_missing and not found.replaces:
                continue
            # Routines of one name are told apart by their arguments.
            is_unclear = named.kind in _ROUTINES and (
                last
                and (not last.is_definition or (last.is_there and last.named.name != named.name))
            )
            is_definition = bool(
                as_run
                and verb_of(sql) == b"create"
                and found.sql
                and len(found.creates) == 1
                and (found.replaces or not found.if_missing)
                and not is_unclear
            )
            made = Made(named, file, sql, self._count, found.replaces, is_definition)
            self._made[one] = made

    def _identity(self, named: Named) -> Identity:
        kind, name = identity(named)
        if self._schema is None:
            return kind, name
        if isinstance(name, Name):
            return kind, Name(name.schema or self._schema, name.name)
        if name and " on " in name:
            # A trigger, a rule or a policy, which is known by its table.
            own, _, table = name.rpartition(" on ")
            return kind, f"{own} on {table if '.' in table else f'{self._schema}.{table}'}"
        return kind, name

    def _is_sure(self, dropped: Named, made: Made) -> bool:
        one = self._identity(dropped)
        return (
            made.is_definition
            and made.is_there
            and not self._sets_path
            and made.named.kind == dropped.kind
            and dropped.kind not in _NEVER_KNOWN
            and (dropped.kind not in _ROUTINES or _takes_the_same(made.named, dropped))
            and not any(self._may_change(one, made, *change) for change in self._since(made))
        )

    def _since(self, made: Made) -> Iterator[tuple[bytes, Inverse]]:
        return ((sql, found) for at, sql, found in self._changes if at > made.at)

    def _may_change(self, one: Identity, made: Made, sql: bytes, found: Inverse) -> bool:
        """Whether a later statement may have changed an object, or what it is made of."""
        words = words_of(sql)
        if verb_of(sql) == b"create":
            # An index or a trigger that a view has, or what a view has read all columns of.
            is_read = found.replaces and b"*" in made.sql
            its_words = words_of(made.sql) if is_read else set()
            return one in map(self._identity, found.on) or (
                is_read and any(is_named_in(its_words, identity(new)) for new in found.creates)
            )
        if is_named_in(words, _without_table(one)) or {"all", "in", "schema"} <= words:
            return True
        touched = {*map(identity, (*found.drops, *found.moves))}
        touched |= {("", removal.name) for removal in removals(sql)}
        if b"*" in made.sql:
            touched |= {*map(identity, found.on)}
        if not touched and "rename" in words:
            return True  # such as a value of a type
        its_words = words_of(made.sql)
        return any(is_named_in(its_words, _without_table(other)) for other in touched)


def _takes_the_same(made: Named, dropped: Named) -> bool:
    """Whether a routine surely has the arguments by which it is dropped, spelt in the same way.

    DROP may leave out names, OUT arguments, and all of them where there is only one of the name.
    """
    wanted = _arguments(dropped)
    own = _arguments(made)
    return "(" not in dropped.name or (
        len(own) == len(wanted)
        and all(mine[-len(one) :] == one for mine, one in zip(own, wanted, strict=True))
    )


def _arguments(routine: Named) -> list[list[str]]:
    """The words of each argument, in lower case."""
    rest = StatementReader(routine.name[len(without_arguments(routine.name)) :].encode())
    items = StatementReader(rest.group()[1:-1].encode()).items()
    return [words for item in items if (words := item.rest().lower().split()) and words[0] != "out"]


def _without_table(one: Identity) -> Identity:
    """A trigger, a rule or a policy by its name alone."""
    kind, name = one
    return (kind, name.partition(" on ")[0]) if isinstance(name, str) else one


def history(scripts: Iterable[tuple[Script, bool]], schema: str | None) -> History:
    """What the statements of these files make, each file to be read before the next one.

    Each comes with whether it has run as it stands.
    """
    made = History(schema)
    for script, as_run in scripts:
        for i in range(len(script)):
            sql = script.sql(i)
            if verb_of(sql) in _MAKE_OR_CHANGE:
                found = inverse(sql)
                made.note(sql, found)
                made.note_created(script.file.name, sql, found, as_run=as_run)
        script.release()
    return made
