"""Reads the body of a table, or of a partial that tables take in, from a DBML file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from schemamig_tui.docs import document as dbml
from schemamig_tui.docs.cursor import Cursor, Setting, find, note_of


@dataclass
class TableBody:
    """What stands between the braces of a table, and in the brackets before them.

    ``items`` are the columns in order, and the names of the partials among them with where they
    stand; ``refs`` are the foreign keys that columns have in their settings.
    """

    settings: list[Setting]
    items: list[dbml.Column | tuple[str, int]] = field(default_factory=list)
    indexes: list[dbml.Index] = field(default_factory=list)
    checks: list[dbml.Check] = field(default_factory=list)
    refs: list[tuple[str, Setting]] = field(default_factory=list)
    note: dbml.Note = field(default_factory=dbml.Note)
    by_hand: list[str] = field(default_factory=list)

    @property
    def columns(self) -> tuple[dbml.Column, ...]:
        """Its columns; of two with one name, which only partials bring, the last."""
        return tuple({one.name: one for one in self.items if isinstance(one, dbml.Column)}.values())


def read_body(at: Cursor) -> TableBody:
    """Read settings and body of a table whose name has been read. Raises FilesError."""
    body = TableBody(at.settings())
    body.note = note_of(body.settings)
    at.expect("{")
    while not at.take("}"):
        start = at.peek().start
        if at.take("~"):
            body.items.append((at.name(), start))
        elif at.opens("note", ":", "{"):
            at.next()
            body.note = at.note()
        elif at.opens("indexes", "{"):
            at.next()
            body.indexes += _indexes(at)
        elif at.opens("checks", "{"):
            at.next()
            body.checks += _checks(at)
        elif at.opens("records", "(", "{"):
            at.skip_block()
            body.by_hand.append(at.text_since(start))
        else:
            _column(at, body)
    return body


def with_partials(body: TableBody, partials: Mapping[str, TableBody], at: Cursor) -> TableBody:
    """The body with all that the partials bring which it takes in; its own columns go first.

    Raises FilesError for a partial that is not in the file.
    """
    own = {one.name for one in body.items if isinstance(one, dbml.Column)}
    whole = TableBody(body.settings, note=body.note, by_hand=body.by_hand)
    for item in body.items:
        if isinstance(item, dbml.Column):
            whole.items.append(item)
            continue
        name, position = item
        if name not in partials:
            raise at.error(f"there is no TablePartial {name} in this file", position)
        partial = partials[name]
        whole.items += [one for one in partial.columns if one.name not in own]
        whole.refs += [ref for ref in partial.refs if ref[0] not in own]
        whole.indexes += partial.indexes
        whole.checks += partial.checks
        whole.note = whole.note or partial.note
    whole.refs += body.refs
    whole.indexes += body.indexes
    whole.checks += body.checks
    return whole


def _column(at: Cursor, body: TableBody) -> None:
    name = at.name()
    kind = at.type()
    settings = at.settings()
    names = {one.name for one in settings}
    default = find(settings, "default")
    body.items.append(
        dbml.Column(
            name,
            kind,
            bool(names & {"pk", "primary key"}),
            "unique" in names,
            "not null" in names,
            "increment" in names,
            dbml.Default(default.value, default.quote) if default else None,
            note_of(settings),
        )
    )
    body.refs += [(name, one) for one in settings if one.name == "ref"]
    body.checks += [dbml.Check(one.value) for one in settings if one.name == "check"]


def _indexes(at: Cursor) -> Iterator[dbml.Index]:
    at.expect("{")
    while not at.take("}"):
        elements = at.elements() if at.take("(") else [at.element()]
        settings = at.settings()
        names = {one.name for one in settings}
        name, method = find(settings, "name"), find(settings, "type")
        yield dbml.Index(
            tuple(elements),
            name.value if name else "",
            bool(names & {"pk", "primary key"}),
            "unique" in names,
            method.value if method else "",
            note_of(settings),
        )


def _checks(at: Cursor) -> Iterator[dbml.Check]:
    at.expect("{")
    while not at.take("}"):
        expression = at.sql()
        name = find(at.settings(), "name")
        yield dbml.Check(expression, name.value if name else "")
