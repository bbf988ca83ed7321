"""The pages for people: every link leads somewhere, and no name or comment is markup."""

import re
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest
from markdown_it import MarkdownIt

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.docs.document import Column, DbmlTable, Document, Note, Ref
from schemamig_tui.docs.files import generate, generate_pages
from schemamig_tui.docs.from_catalog import document, read_schema
from schemamig_tui.docs.markdown import pages

EVERYTHING = Path(__file__).with_name("everything.sql").read_text(encoding="utf-8")
_LINK = re.compile(r'<a href="([^"#]*)(?:#([^"]*))?">')


def test_every_link_leads_somewhere_and_every_column_is_there(server: Embedded) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        conn.execute("BEGIN")
        conn.execute(EVERYTHING.encode())
        read = document(read_schema(conn), "everything")
        conn.execute("ROLLBACK")
    found = pages(read, "schema")
    html = {name: MarkdownIt().enable("table").render(text) for name, text in found.items()}
    for name, text in html.items():
        for file, anchor in _LINK.findall(text):
            path = str((Path("/", name).parent / unquote(file)).resolve())[1:] if file else name
            assert path in found
            assert not anchor or f'<a id="{unquote(anchor)}"></a>' in found[path]
    assert sum(text.count("<tr>") - text.count("<thead>") for text in html.values()) == 4 + sum(
        len(table.columns) for table in read.tables
    )
    assert "<code>back\\slash</code>" in html["schema/odd-schema-x-.md"]
    assert '    "kb.seen" }o--|| "kb.events" : "seen_event_kind_fkey"\n' in found["schema.md"]


@pytest.mark.parametrize("name", ["<b>x</b>", "a|b", "*a* _b_ `c`", "# a", "1. a", "- a", "[x](y)"])
def test_no_name_and_no_comment_is_markup(name: str) -> None:
    table = DbmlTable(("s", name), (Column(name, (name,), note=Note(name)),), note=Note(name))
    page = pages(Document(name, tables=(table,)), "x")["x/s.md"]
    html = MarkdownIt().enable("table").render(page)
    text = re.sub("<[^>]*>", "", html.replace("&quot;", '"'))
    text = text.replace("&lt;", "<").replace("&gt;", ">")
    # In the list, the heading, the note, and the cells for the name, the type and the note.
    assert text.count(name) == 6
    assert html.count("<h") == 2


def test_a_diagram_of_many_tables_shows_their_schemas(tmp_path: Path) -> None:
    tables = tuple(
        DbmlTable((f"s{number % 2}", f"t{number:03}"), (Column("id", ("integer",)),))
        for number in range(100)
    )
    refs = tuple(Ref(one.path, ("id",), tables[0].path, ("id",), "k") for one in tables[1:])
    overview = pages(Document("x", tables=tables, refs=refs), "x")["x.md"]
    assert 's0["s0"] -->|49| s0["s0"]\n    s1["s1"] -->|50| s0["s0"]\n' in overview


def test_pages_of_schemas_that_are_gone_go_and_those_of_people_stay(tmp_path: Path) -> None:
    path = tmp_path / "schema.md"
    column = Column("id", ("integer",))
    both = Document("x", tables=tuple(DbmlTable((name, "t"), (column,)) for name in "ab"))
    assert generate_pages(path, both).state == "created"
    assert generate_pages(path, both).state == "unchanged"
    (tmp_path / "schema" / "own.md").write_text("ours")
    one = Document("x", tables=both.tables[:1])
    assert generate_pages(path, one).state == "changed"
    assert sorted(page.name for page in (tmp_path / "schema").iterdir()) == ["a.md", "own.md"]
    # What people have written into the DBML beside it is there as well.
    generate(tmp_path / "schema.dbml", one)
    text = (tmp_path / "schema.dbml").read_text()
    (tmp_path / "schema.dbml").write_text(text.replace("id integer", "id integer [note: 'mine']"))
    generate_pages(path, one)
    assert "| `id` | `integer` |  | mine |" in (tmp_path / "schema" / "a.md").read_text()
