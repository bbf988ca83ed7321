"""Files are written whole or not at all."""

import resource
import signal
from pathlib import Path

import pytest

from schemamig_tui.docs.document import Column, DbmlTable, Document, Enum, EnumValue, Note
from schemamig_tui.docs.files import generate
from schemamig_tui.docs.parser import parse
from schemamig_tui.docs.writer import write
from schemamig_tui.errors import FilesError

_SMALL = Document("x", tables=(DbmlTable(("a", "t"), (Column("id", ("integer",)),)),))
_LARGE = Document(
    "x",
    tables=tuple(DbmlTable(("a", f"t{number}"), _SMALL.tables[0].columns) for number in range(500)),
)


def test_what_is_there_stays_where_there_is_no_room(tmp_path: Path) -> None:
    path = tmp_path / "schema.dbml"
    generate(path, _SMALL)
    before = path.read_text()
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
    try:
        with pytest.raises(FilesError, match=r"This cannot be written: File too large\."):
            generate(path, _LARGE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_text() == before
    assert [*tmp_path.iterdir()] == [path]


def test_a_link_stays_one_and_the_mode_stays(tmp_path: Path) -> None:
    real, link = tmp_path / "real.dbml", tmp_path / "link.dbml"
    real.write_text("")
    real.chmod(0o640)
    link.symlink_to(real)
    assert generate(link, _SMALL).state == "changed"
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert parse(real.read_text()) == _SMALL


def test_the_comments_above_a_group_go_with_it(tmp_path: Path) -> None:
    path = tmp_path / "schema.dbml"
    groups = "// one\n  // two\nTableGroup g {\n  a.t\n}\n\nTable a.t { id int } Note n { 'x' }\n"
    path.write_text(groups)
    generate(path, _SMALL)
    assert path.read_text() == write(_SMALL) + (
        "\n// one\n  // two\nTableGroup g {\n  a.t\n}\n\nNote n { 'x' }\n"
    )


_COLUMNS = (
    Column("id", ("integer",), pk=True),
    Column("state", ("a", "state"), note=Note("a comment")),
)
_DATABASE = Document(
    "x",
    (Enum(("a", "state"), (EnumValue("new"),)),),
    tuple(
        DbmlTable(("a", f"t{number}"), _COLUMNS, note=Note("one of many")) for number in range(9)
    ),
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("Table a.t3 {", "Table a.t3 as b [headercolor: #ff0000] {"),
        ("Table a.t3 {\n  id integer [pk]", "Table a.t3 {\n  id bigint [pk]"),
        ("Table a.t3 {", "table a.t3 {"),
        ("Table a.t3 {", "// by hand\nTable a.t3 {\n  note: 'by hand'"),
        ("Table a.t3 {", "Table a.u3 {"),
        ('Enum a.state {\n  "new"\n}', ""),
        ('Project "x" {', 'TableGroup g {\n  a.t3\n}\n\nProject "x" {'),
        ("\n\nTable a.t3", "  \nTable a.t3"),
    ],
)
def test_a_file_is_read_in_the_same_way_with_the_database_as_without(old: str, new: str) -> None:
    text = write(_DATABASE)
    assert old in text
    text = text.replace(old, new, 1) if old else text
    read = parse(text, database=_DATABASE)
    assert read == parse(text)
    assert [one.by_hand for one in (read, *read.tables)] == [
        one.by_hand for one in (parse(text), *parse(text).tables)
    ]
    same = [table for table in read.tables if any(table is one for one in _DATABASE.tables)]
    assert len(same) >= len(_DATABASE.tables) - 1 or "Enum" not in text


def test_a_table_that_is_there_twice_is_an_error_with_its_line() -> None:
    text = write(_DATABASE)
    table = text[text.index("Table a.t3") : text.index("Table a.t4")]
    with pytest.raises(FilesError, match=r"table a\.t3 is there twice") as error:
        parse(text + table, database=_DATABASE)
    assert error.value.line == text.count("\n") + 1
