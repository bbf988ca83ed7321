"""``--report`` writes a rehearsal as a page or as JSON, ``--annotations`` what a workflow shows."""

import json

from schemamig_tui.advice.advice import warning
from schemamig_tui.errors import ExitCode
from schemamig_tui.headless.annotations import annotation
from schemamig_tui.markdown import code_span
from schemamig_tui.reporting.rehearsal_json import page_as_json
from schemamig_tui.reporting.rehearsal_markdown import markdown
from schemamig_tui.reporting.rehearsal_page import RehearsalPage
from tests.conftest import Database
from tests.headless.conftest import Program


def test_a_page_has_the_sum_on_top_and_then_file_by_file(
    program: Program, database: Database
) -> None:
    with database.connect() as conn:
        conn.execute('CREATE TABLE "a|`b<i>" (id int)')
        conn.execute('INSERT INTO "a|`b<i>" SELECT generate_series(1, 20)')
    program.write("0001_a.sql", 'SELECT 1;\nALTER TABLE "a|`b<i>" ALTER id SET NOT NULL;')
    program.write("0002_b.sql", "-- schemamig: no-transaction\nVACUUM;")
    program.write("0003_c.sql", "SELECT nobody;")
    assert program("--rehearse", "--report", "page.md").code == ExitCode.MIGRATION_FAILED
    page = (program.folder / "page.md").read_text()
    table = '``table public."a\\|`b<i>"``'
    top, first, second, third = page.split("\n## ")
    assert top.startswith("# Rehearsal\n\nDatabase: `")
    assert "**1 rehearsed, 1 left out, 1 failed**; rolled back after " in top
    assert f"- Blocks reads and writes of {table} for " in top
    assert first.startswith("✓ `0001_a.sql`: ")
    assert '```diff\n~ table public."a|`b<i>"\n    ~ column id: nullable -> not null\n```' in first
    assert "| line | statement | time | locks | did |" in first
    assert "| 2 | `ALTER TABLE` | " in first
    assert '``AccessExclusiveLock on table public."a\\|`b<i>"``, blocks reads, writes, DDL' in first
    assert '``scanned: table public."a\\|`b<i>", 20 rows, 8.2 kB`` |' in first
    assert "1 other statement, each under 100 ms, took no new lock." in first
    assert second.startswith("• `0002_b.sql`: left out\n\n`VACUUM in line 2 cannot run")
    assert third.startswith("✗ `0003_c.sql`: failed after ")
    assert 'column "nobody" does not exist' in third


def test_a_page_as_json_has_the_same(program: Program, database: Database) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE users (id int)")
        conn.execute("INSERT INTO users VALUES (1)")
    program.write("0001_a.sql", "SELECT 1;\nALTER TABLE users ALTER id SET NOT NULL;")
    assert program("--rehearse", "--report", "page.json").code == ExitCode.DONE
    page = json.loads((program.folder / "page.json").read_text())
    assert page["schemamig_rehearsal"] == 1
    assert page["finished"]["rehearsed"] == ["0001_a.sql"]
    (file,) = page["files"]
    assert (file["name"], file["outcome"], file["other_statements"]) == (
        "0001_a.sql",
        "rehearsed",
        1,
    )
    (statement,) = file["statements"]
    assert statement["locks"][0]["blocks"] == ["reads", "writes", "DDL"]
    (work,) = statement["work"]
    assert work["scanned"] == [{"relation": "table public.users", "rows": 1, "bytes": 8192}]
    assert file["changes"][0]["name"] == "id"


def test_where_a_page_cannot_be_written_is_said_before_anything_runs(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    for path, why in (
        ("page.html", "end with .md or .json"),
        ("no/page.md", "no folder no"),
        (f"{'x' * 256}/page.md", "File name too long"),
    ):
        ended = program("--rehearse", "--report", path)
        assert (ended.code, ended.out) == (ExitCode.USAGE, "")
        assert why in ended.err


def test_errors_and_advice_are_annotations_of_a_workflow(
    program: Program, database: Database
) -> None:
    program.write("0001_a.sql", "SELECT 1;\nSELECT\n  nobody;")
    for mode in ("--rehearse", "--apply"):
        lines = program(mode, "--annotations", "github").out.splitlines()
        assert (
            '::error file=migrations/0001_a.sql,line=3,col=3::column "nobody" does not exist'
            in lines
        )
    with database.connect() as conn:
        conn.execute("CREATE TABLE users (id int)")
    program.write("0001_a.sql", "SELECT 1;\nDROP TABLE users;")
    for mode in ("--lint", "--dry-run"):
        lines = program(mode, "--annotations", "github").out.splitlines()
        found = [line for line in lines if line.startswith("::warning file=migrations/0001_a.sql,")]
        assert found
        assert all(",line=2" in line for line in found)
    program.write("0001_a.sql", "SELECT 'open;")
    ended = program("--dry-run", "--annotations", "github")
    assert "::error file=migrations/0001_a.sql,line=1,col=8::" in ended.out
    checked = program("--check", "--annotations", "github")
    assert checked.code == ExitCode.CHECK_FAILED
    assert "::error file=migrations/0001_a.sql::0001_a.sql: failed, changed since it failed\n" in (
        checked.out
    )
    assert program("--check", "--annotations", "github", "--json").code == ExitCode.USAGE


def test_what_other_sessions_run_is_only_quoted_where_that_is_asked_for() -> None:
    query = "; its last query: SELECT secret"
    advice = warning(f"A session (pid 7) is idle{query}.", hint="End it.", query=query)
    for queries in (False, True):
        page = RehearsalPage([advice], queries=queries)
        message = f"A session (pid 7) is idle{query if queries else ''}."
        assert page_as_json(page)["advice"][0]["message"] == message
        assert f"- warning: `{message}`\n  - `End it.`\n" in markdown(page)


def test_outside_text_is_no_markdown_and_no_command() -> None:
    assert code_span("a`b``c") == "```a`b``c```"
    assert code_span("`a|b`") == "`` `a\\|b` ``"
    assert code_span("a\n# b") == "`a\\n# b`"
    assert annotation("error", "50 %\n::b", file="a,b:c.sql", line=7) == (
        "::error file=a%2Cb%3Ac.sql,line=7::50 %25%0A::b"
    )
    assert annotation("notice", "a") == "::notice::a"
