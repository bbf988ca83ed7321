"""``--docs-generate`` and ``--docs-validate`` as their users meet them."""

from pathlib import Path

import pytest

from tests.conftest import Database
from tests.headless.conftest import Program, Run

_SCHEMA = """
CREATE SCHEMA kb;
CREATE TYPE kb.state AS ENUM ('new', 'done');
CREATE TABLE kb.authors (id int PRIMARY KEY, name text NOT NULL);
COMMENT ON TABLE kb.authors IS 'Who writes';
CREATE TABLE kb.documents (
    id int PRIMARY KEY, author int REFERENCES kb.authors, state kb.state NOT NULL DEFAULT 'new'
);
CREATE VIEW kb.open AS SELECT * FROM kb.documents WHERE state = 'new';
"""
_FILE = Path("docs/database/schema.dbml")


@pytest.fixture
def documented(database: Database, run: Run) -> Run:
    with database.connect() as conn:
        conn.execute(_SCHEMA.encode())
    assert run("--docs-generate").code == 0
    return run


def test_a_file_is_written_and_says_what_the_database_has(database: Database, run: Run) -> None:
    with database.connect() as conn:
        conn.execute(_SCHEMA.encode())
    ended = run("--docs-generate")
    assert ended.code == 0
    assert ended.out == (
        "Created docs/database/schema.dbml: 2 tables, 1 enum, 1 foreign key\n"
        "  2 things that DBML has no words for: in the notes\n"
    )
    text = _FILE.read_text()
    assert "Ref documents_author_fkey: kb.documents.author > kb.authors.id\n" in text
    ended = run("--docs-validate")
    assert (ended.code, ended.out) == (
        0,
        "docs/database/schema.dbml is what the database has: 2 tables, 1 enum, 1 foreign key\n",
    )
    assert run("--docs-generate").out.startswith("Nothing to change in docs/database/schema.dbml")
    assert _FILE.read_text() == text


def test_a_difference_is_shown_from_both_sides(database: Database, documented: Run) -> None:
    with database.connect() as conn:
        conn.execute("ALTER TABLE kb.authors ALTER name TYPE varchar(99), ADD born date")
        conn.execute("CREATE TABLE kb.new (id int)")
    ended = documented("--docs-validate")
    assert ended.code == 5
    assert ended.out == (
        "docs/database/schema.dbml is not what the database has: 3 differences"
        " (- in the file, + in the database)\n"
        "  table kb.authors\n"
        "    column name\n"
        "      - name text [not null]\n"
        '      + name "character varying(99)" [not null]\n'
        "    column born\n"
        "      + born date\n"
        "  table kb.new\n"
        "    + id\n"
    )
    events = documented("--docs-validate", "--json").events
    assert events[-2:] == [
        {
            "event": "docs_difference",
            "where": "table kb.new",
            "what": "",
            "file": None,
            "database": "id",
        },
        {"event": "docs_validated", "path": str(_FILE), "differences": 3},
    ]


def test_what_people_have_written_survives(database: Database, documented: Run) -> None:
    text = _FILE.read_text()
    text = text.replace("Table kb.authors {", "Table kb.authors as A [headercolor: #ff8800] {")
    text = text.replace("name text [not null]", "name text [not null, note: 'as on the cover']")
    text = text.replace("author integer", "author integer [note: 'the first one']")
    by_hand = (
        "\n// Who does what.\nTableGroup people [color: #345] {\n  A\n  kb.documents\n}\n"
        "\nNote hint {\n  'ask Ada'\n}\n\nTablePartial stamps {\n  at timestamptz\n}\n"
    )
    _FILE.write_text(text + by_hand)
    assert documented("--docs-validate").code == 0
    assert documented("--docs-generate").out.startswith("Nothing to change")
    with database.connect() as conn:
        conn.execute("COMMENT ON COLUMN kb.authors.name IS 'in full'")
        conn.execute("DROP TABLE kb.documents CASCADE")
    ended = documented("--docs-generate")
    assert "kb.documents.author is gone, and with it what was written of it by hand\n" in ended.out
    text = _FILE.read_text()
    assert "Table kb.authors as A [headercolor: #ff8800] {\n" in text
    note = "note: 'in full\\n\\nBy hand:\\nas on the cover'] // from the database\n"
    assert f"  name text [not null, {note}" in text
    assert by_hand.replace("  kb.documents\n", "") in text
    assert documented("--docs-validate").code == 0


def test_a_file_written_by_hand_may_use_all_of_the_language(database: Database, run: Run) -> None:
    with database.connect() as conn:
        conn.execute(
            "CREATE TABLE a (id int PRIMARY KEY, at date NOT NULL);"
            "CREATE TABLE b (a int REFERENCES a ON DELETE CASCADE, at date NOT NULL)"
        )
    Path("own.dbml").write_text("""
        Project shop { database_type: 'PostgreSQL' Note: 'ours' }
        TablePartial stamped { at date [not null] }
        Table a { id integer [primary key] ~stamped }
        /* no name, so that of the server is a difference */
        Table public.b as bee { a integer ~stamped records (a) { 1 } }
        Ref b_a_fkey { a.id < bee.a [delete: cascade] }
        Note "schema public" { 'standard public schema' // from the database
        }
    """)
    ended = run("--docs-validate", "own.dbml", "--schema", "public")
    assert (ended.code, ended.out.partition(":")[0]) == (0, "own.dbml is what the database has")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Table a {\n  id integer\n", ":3:1: a name is expected here, not the end of the file."),
        ("Table a {\n  id integer [note: 'x]\n}", ":2:21: a quote here is never closed."),
        ("Table a { ~base }", ":1:11: there is no TablePartial base in this file."),
        ("Table a { id int }\nTable public.a { id int }", ":2:1: table public.a is there twice."),
        ("// it's\n/* 'a' */ Note x { 'open }", ":2:20: a quote here is never closed."),
        ("Tabel a { id int }", ":1:1: Table, Enum, Ref, Project, TableGroup or Note is expected"),
        ("TableGroup g { a\n", ":2:1: a name is expected here"),
        ("Ref: a.b > c", ":1:13: a column is expected here"),
    ],
)
def test_what_is_no_dbml_is_an_error_with_its_line(run: Run, text: str, message: str) -> None:
    Path("x.dbml").write_text(text)
    for mode in "--docs-validate", "--docs-generate":
        ended = run(mode, "x.dbml")
        assert ended.code == 2
        assert f"error: x.dbml{message}" in ended.err
        assert Path("x.dbml").read_text() == text


@pytest.mark.parametrize("waiting", [(), ("--wait", "60")])
def test_what_is_no_dbml_is_told_where_no_database_answers(
    run: Run, waiting: tuple[str, ...]
) -> None:
    Path("x.dbml").write_text("Table a { id int }\nTabel b { id int }")
    for command in ("--docs-validate", "x.dbml"), ("--docs-generate", "x.md"):
        ended = run(*command, "--dsn", "host=/nowhere", *waiting)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("error: x.dbml:2:1: Table, ")
    Path("x.dbml").write_text("Table a { id int }")
    assert run("--docs-validate", "x.dbml", "--dsn", "host=/nowhere").code == 3


def test_files_that_cannot_be_read_or_written(run: Run) -> None:
    assert "hint: Write it with --docs-generate." in run("--docs-validate").err
    Path("latin1.dbml").write_bytes(b"Table \xe4 { id int }")
    assert "It is not UTF-8." in run("--docs-validate", "latin1.dbml").err
    for path in "/dev/full/x.dbml", f"{'x' * 256}.dbml", f"{'x' * 256}.md":
        ended = run("--docs-generate", path)
        assert (ended.code, len(ended.errors)) == (2, 1)
    assert "there is no schema kp in this database" in run("--docs-generate", "--schema", "kp").err
    assert "--schema only goes with" in run("--list", "--schema", "kb").err


def test_behind_a_run_that_has_applied_something_it_is_written_again(program: Program) -> None:
    settings = '[tool.schemamig-tui]\ndocs.path = "db.dbml"\ndocs.after-apply = true\n'
    (program.folder / "pyproject.toml").write_text(settings)
    program.write("0001_a.sql", "CREATE TABLE a (id int);")
    ended = program("--apply")
    assert ended.out.splitlines()[-2].startswith("Created db.dbml: 2 tables, 0 enums")
    assert program("--docs-validate").code == 0
    program.write("0002_b.sql", "ALTER TABLE a ADD b int; ")
    program.write("0003_c.sql", "SELECT nothing;")
    ended = program("--apply", "--json")
    assert ended.code == 1
    assert (ended.events[-1]["event"], ended.events[-1]["state"]) == ("docs_generated", "changed")
    assert program("--docs-validate").code == 0
    assert program("--apply", "--json").events[-1]["event"] == "run_finished"
    # What has been applied stays so where the file cannot be written.
    program.write("0003_c.sql", "DROP TABLE a;")
    (program.folder / "db.dbml").write_text("Table {")
    ended = program("--apply")
    assert ended.code == 0
    assert "warning: the documentation is not up to date: db.dbml:1:7: a name is" in ended.err


def test_a_role_that_may_only_log_in_is_enough(database: Database, documented: Run) -> None:
    with database.connect() as conn:
        conn.execute("CREATE ROLE looker LOGIN")
        try:
            conn.execute("REVOKE ALL ON SCHEMA kb FROM PUBLIC")
            ended = documented("--docs-validate", "--dsn", f"{database.conninfo} user=looker")
            assert (ended.code, ended.out.count("is what the database has")) == (0, 1)
        finally:
            conn.execute("DROP ROLE looker")


def test_of_a_file_that_has_more_only_the_schemas_asked_for_are_compared(
    database: Database, documented: Run
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE SCHEMA other; CREATE TABLE other.t (a int REFERENCES kb.authors)")
        for options in ([], ["--schema", "other"]):  # the one has a foreign key, the other a note
            assert documented("--docs-generate", "other.dbml", *options).code == 0
            assert documented("--docs-validate", "other.dbml", "--schema", "other").code == 0
    assert documented("--docs-validate", "--schema", "kb").code == 0
    assert documented("--docs-validate", "--schema", "kb", "public").code == 0
    ended = documented("--docs-validate", "--schema", "kb", "other")
    assert (ended.code, ended.out.count("  table other.t\n")) == (5, 1)


def test_path_and_schemas_can_stand_in_the_settings(program: Program, database: Database) -> None:
    with database.connect() as conn:
        conn.execute(_SCHEMA.encode())
    (program.folder / "pyproject.toml").write_text(
        '[tool.schemamig-tui]\ndocs.path = "db.dbml"\ndocs.schema = ["kb"]\n'
    )
    ended = program("--docs-generate")
    assert ended.out.startswith("Created db.dbml: 2 tables, 1 enum, 1 foreign key\n")
    assert ended.out.endswith("  1 object in no schema, such as extensions: left out\n")
    assert program("--docs-validate").code == 0
    assert program("--docs-validate", SCHEMAMIG_DOCS_SCHEMA="kb,public").code == 5


def test_a_path_in_the_home_folder_of_nobody_is_refused(program: Program) -> None:
    ended = program("--docs-generate", "~nobody-here/schema.dbml")
    assert (ended.code, ended.err) == (
        2,
        "error: ~nobody-here/schema.dbml begins with a ~ that stands for no folder\n",
    )
