"""``ctrl+g``, ``W`` and ``docs.after-apply``: the schema as a file, from within the UI."""

from pathlib import Path

from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.widgets.lines_view import LinesView
from tests.tui.conftest import Desk, played
from tests.tui.test_running import toast
from tests.tui.test_states import lose


@played
async def test_a_key_writes_the_schema_and_says_what_has_become_of_it(desk: Desk) -> None:
    desk.execute("CREATE TABLE a (id int)")
    path = desk.folder.parent / "schema.dbml"
    desk.options["docs_path"] = (path, path.with_suffix(".md"))
    async with desk.open(read_only=True) as ui:
        await ui.press("ctrl+g")
        await ui.until(lambda: "schema.md" in ui.log)
        assert toast(ui) == (f"Created {path}: 1 table, 0 enums, 0 foreign keys", "information")
        assert "Table public.a {\n" in path.read_text()
        path.write_text("Table {")
        await ui.press("ctrl+g")
        await ui.until(lambda: "not up to date" in ui.log)
        assert f"{path}:1:7: a name is expected here" in ui.log.replace("\n", " ")


@played
async def test_behind_a_run_it_is_written_by_itself_where_the_settings_say_so(desk: Desk) -> None:
    path = desk.folder.parent / "schema.dbml"
    desk.options["docs_path"] = (path,)
    desk.options["docs_after_apply"] = True
    desk.write("0001_a.sql", "CREATE TABLE a (id int);")
    async with desk.open() as ui:
        await ui.apply()
        await ui.until(path.exists)
        assert "Table public.a {\n" in path.read_text()


@played
async def test_a_key_shows_what_is_not_as_the_database_is(desk: Desk) -> None:
    desk.execute("CREATE TABLE a (id int)")
    path = desk.folder.parent / "schema.dbml"
    desk.options["docs_path"] = (path.with_suffix(".md"), path)
    async with desk.open(read_only=True) as ui:
        await ui.press("W")
        await ui.until(lambda: toast(ui)[0] == f"There is no {path} yet: ^g writes it")
        await ui.press("ctrl+g")
        await ui.until(path.exists)
        desk.execute("ALTER TABLE a ADD name text")
        await ui.press("W")
        await ui.until(lambda: isinstance(ui.app.screen, TextDialog))
        shown = ui.app.screen.query_one(LinesView).text
        assert "1 difference (- in the file, + in the database)\n  table public.a\n" in shown
        assert "+ name text" in shown
        assert "1 difference" in ui.log
        path.write_text("Table {")
        await ui.press("escape", "W")
        await ui.until(lambda: "The documentation could not be compared:\n" in ui.log)
        assert f"{path}:1:7: a name is expected here" in ui.log


@played
async def test_documentation_that_nobody_may_look_for_is_said_to_be_that(desk: Desk) -> None:
    desk.options["docs_path"] = (Path(f"{'x' * 256}.dbml"),)
    async with desk.open(read_only=True) as ui:
        await ui.press("W")
        await ui.until(lambda: "The documentation could not be compared:\n" in ui.log)
        assert "This cannot be read: File name too long." in ui.log


@played
async def test_a_database_that_is_gone_is_said_in_a_toast_and_with_its_reasons_in_the_log(
    desk: Desk,
) -> None:
    async with desk.open() as ui:
        lose(ui)
        await ui.press("ctrl+g")
        await ui.until(lambda: "Cannot connect" in ui.log)
        assert toast(ui)[0] == (
            "The documentation is not up to date: Cannot connect to the database."
        )
        _, _, shown = ui.log.partition("The documentation is not up to date:\n")
        assert shown.startswith("✗ Cannot connect to the database.\n    --dsn: ")
        assert "\nhint: Is --dsn right" in shown
