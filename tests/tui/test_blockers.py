"""A run that waits for others, and others that wait for it: what is shown, and the keys to act."""

import contextlib
import re
import threading
from collections.abc import Iterator

import psycopg
import pytest
from textual.widgets import Button

from schemamig_tui.engine.activity import Activity, Blocked, ServerProgress, Victims
from schemamig_tui.engine.events import BlockedSeen, Event, ProgressSeen, VictimsSeen
from schemamig_tui.tui.screens.blockers import BlockersScreen
from schemamig_tui.tui.screens.dialogs import Question
from tests import tools
from tests.conftest import Database
from tests.tui.conftest import Desk, Ui, played
from tests.tui.test_hostile import HOSTILE, assert_harmless

ALTER = "ALTER TABLE users ADD nickname TEXT;"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """One with a table."""
    desk.execute("CREATE TABLE users (id INT)")
    return desk


@contextlib.contextmanager
def holding(
    database: Database, statement: str = "SELECT count(*) FROM users", **parameters: str
) -> Iterator[psycopg.Connection]:
    """A session that is idle in a transaction in which it has run ``statement``."""
    conn = database.connect(**{"application_name": "reports", **parameters})
    with contextlib.closing(conn):
        conn.execute("BEGIN")
        conn.execute(statement.encode())
        yield conn


def waiting(database: Database, statement: str = "SELECT * FROM users") -> threading.Thread:
    """A session that runs ``statement``, which has to wait, and then ends."""

    def run() -> None:
        with contextlib.suppress(psycopg.Error), database.connect(application_name="web") as conn:
            conn.execute(statement.encode())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def send(ui: Ui, event: Event) -> None:
    """Let the run that is on report an event."""
    assert ui.app.run_on is not None
    ui.app.run_on._enqueue(event)


async def stuck(ui: Ui) -> None:
    """Apply, and wait until that is seen to be blocked."""
    await ui.press("a", "y")
    await ui.until(lambda: "Blocked for" in ui.screen)


@played
async def test_a_blocked_run_says_by_whom_and_goes_on_when_it_can(desk: Desk) -> None:
    desk.write("0001_a.sql", f"SELECT 1;\n{ALTER}")
    async with desk.open() as ui:
        with holding(desk.database) as other:
            await stuck(ui)
            assert "AccessExclusiveLock on table public.users" in ui.screen
            pid = other.info.backend_pid
            assert f"by pid {pid}, reports of postgres, idle in transaction" in ui.screen
            assert "b Blockers" in ui.rows[-1]
            assert "2 line 2    Blocked for" in ui.log
            other.execute("COMMIT")
            await ui.run_over()
        assert "No longer blocked" in ui.log
        assert "Blocked for" not in ui.screen.partition("5 Log")[0]
        assert "b Blockers" not in ui.rows[-1]
        assert ui.names("applied") == ["0001_a.sql"]


@played
async def test_b_lists_them_and_refreshes_itself(desk: Desk) -> None:
    desk.write("0001_a.sql", ALTER)
    async with desk.open() as ui:
        with holding(desk.database) as first, holding(desk.database) as second:
            await stuck(ui)
            await ui.press("b")
            assert isinstance(ui.app.screen, BlockersScreen)
            for other in (first, second):
                assert f"pid {other.info.backend_pid}, reports of postgres" in ui.screen
            assert "SELECT count(*) FROM users" in ui.screen
            first.execute("COMMIT")
            gone = f"pid {first.info.backend_pid},"
            await ui.until(lambda: gone not in ui.screen.partition("5 Log")[0])
            second.execute("COMMIT")
            await ui.until(lambda: "Nothing blocks the run, and nobody waits" in ui.screen)
            for key in ("c", "t", "j", "k", "g", "G"):
                await ui.press(key)
                assert isinstance(ui.app.screen, BlockersScreen)
            await ui.press("escape")
            await ui.run_over()


@played
async def test_in_a_narrow_terminal_b_shows_the_whole_name_of_what_is_locked(desk: Desk) -> None:
    desk.write("0001_a.sql", ALTER)
    async with desk.open(40, 15) as ui:
        with holding(desk.database):
            await ui.press("a", "y")
            await ui.until(lambda: "Blocked for" in ui.log)
            await ui.press("b")
            dialog = "".join(re.findall("│(.*)│", ui.screen))
            assert "AccessExclusiveLock on table public.users" in " ".join(dialog.split())
            await ui.press("escape")
        await ui.run_over()


@played
async def test_t_terminates_the_one_under_the_cursor_after_asking(desk: Desk) -> None:
    desk.write("0001_a.sql", ALTER)
    async with desk.open() as ui:
        with holding(desk.database) as first, holding(desk.database) as second:
            await stuck(ui)
            await ui.press("b")
            await ui.press("j", "t")
            assert isinstance(ui.app.screen, Question)
            focused = ui.app.screen.focused
            assert isinstance(focused, Button)
            assert focused.id == "no"
            chosen, left = (
                (second, first)
                if f"Terminate pid {second.info.backend_pid}?" in ui.screen
                else (first, second)
            )
            assert f"Pid {chosen.info.backend_pid}, reports of postgres" in ui.screen
            assert "Its transaction is rolled back" in ui.screen
            await ui.press("escape", "k", "t", "escape", "j", "t", "y")
            outcome = f"Terminate pid {chosen.info.backend_pid}, reports of postgres: done"
            await ui.until(lambda: outcome in ui.log)
            with pytest.raises(psycopg.OperationalError):
                chosen.execute("SELECT 1")
            left.execute("COMMIT")
            await ui.press("escape")
            await ui.run_over()
            assert ui.names("applied") == ["0001_a.sql"]


@played
async def test_c_says_where_there_is_no_query_to_cancel(desk: Desk) -> None:
    desk.write("0001_a.sql", ALTER)
    async with desk.open() as ui:
        with holding(desk.database):
            await stuck(ui)
            await ui.press("b", "c")
            assert "It does nothing at the moment that could be cancelled" in ui.screen
            await ui.press("escape", "escape")
        await ui.run_over()


@played
async def test_c_cancels_the_query_under_the_cursor(desk: Desk) -> None:
    desk.execute("INSERT INTO users VALUES (1)")
    desk.write("0001_a.sql", ALTER)
    async with desk.open() as ui:
        sleeper = waiting(desk.database, "SELECT pg_sleep(30) FROM users")
        await stuck(ui)
        await ui.press("b", "c")
        assert "Its statement is cancelled." in ui.screen
        assert "SELECT pg_sleep(30) FROM users" in ui.screen
        await ui.press("y")
        await ui.run_over()
        sleeper.join(10)
        assert not sleeper.is_alive()
        assert ui.names("applied") == ["0001_a.sql"]


@played
async def test_who_waits_behind_the_run_is_shown(desk: Desk) -> None:
    desk.write("0001_a.sql", f"{ALTER}\nSELECT pg_sleep(30);")
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "statement 2 of 2" in ui.screen)
        others = [waiting(desk.database) for _ in range(2)]
        await ui.until(lambda: "2 sessions wait behind this statement" in ui.screen)
        await ui.press("b")
        assert "web of postgres" in ui.screen
        assert "SELECT * FROM users" in ui.screen
        await ui.press("escape", "x", "y")
        await ui.run_over()
        for other in others:
            other.join(10)


@played
async def test_b_says_that_nothing_blocks(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT pg_sleep(30);")
    async with desk.open() as ui:
        assert "Blockers" not in ui.rows[-1]
        await ui.press("b")
        assert "Nothing blocks: no run is on" in ui.screen
        await ui.press("a", "y")
        await ui.until(lambda: "statement 1 of 1" in ui.screen)
        ui.app.clear_notifications()
        await ui.press("b")
        assert "Nothing blocks the run" in ui.screen
        assert "Blockers" not in ui.rows[-1]
        panel, database = ui.main.run_panel, ui.app.looking.database
        ui.app.push_screen(BlockersScreen(panel, desk.database.connect, database))
        await ui.press("t")
        assert "There is no session to end" in ui.screen
        await ui.press("escape", "x", "y")
        await ui.run_over()


@played
async def test_a_role_that_may_not_end_a_session_is_told_what_it_lacks(desk: Desk) -> None:
    desk.write("0001_a.sql", ALTER)
    name = f"weak_{desk.database.name}"
    desk.execute(
        f"CREATE ROLE {name} LOGIN; GRANT CREATE ON DATABASE {desk.database.name} TO {name};"
        f"ALTER TABLE users OWNER TO {name}; GRANT CREATE ON SCHEMA public TO {name};"
    )
    desk.options["dsn"] = f"{desk.database.conninfo} user={name}"
    try:
        async with desk.open() as ui:
            with holding(desk.database) as other:
                await stuck(ui)
                await ui.press("b", "t", "y")
                await ui.until(lambda: "Not allowed: " in ui.log)
                assert "Not allowed: " in ui.screen
                other.execute("SELECT 1")
                await ui.press("escape")
            await ui.run_over()
    finally:
        desk.execute(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


@pytest.mark.parametrize("text", ["[/foo]", "[b ", "\x1b[2J", "\u202e", "y" * 10_000])
@played
async def test_hostile_sessions_are_data(desk: Desk, text: str) -> None:
    table = f'"{text[:20]} t"'
    desk.execute(f"CREATE TABLE {table} (id INT)")
    desk.write("0001_a.sql", f"ALTER TABLE {table} ADD x INT;")
    async with desk.open(80, 24) as ui:
        select = f"/* {text} */ SELECT '{text}' FROM {table}"
        with holding(desk.database, select, application_name=text[:60]):
            await stuck(ui)
            assert_harmless(ui)
            for key in ("b", "j", "t", "escape", "c"):
                await ui.press(key)
                assert_harmless(ui)
            await ui.press("y")
            await ui.until(lambda: "Cancel the query of pid" in ui.log)
            assert_harmless(ui)
            await ui.press("escape")
        await ui.run_over()
        assert_harmless(ui)


@played
async def test_create_index_concurrently_shows_its_phase_and_whom_it_waits_for(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", "CREATE INDEX CONCURRENTLY users_id ON users (id);")
    async with desk.open() as ui:
        with holding(desk.database, "INSERT INTO users VALUES (1)") as other:
            await ui.press("a", "y")
            await ui.until(lambda: "waiting for writers before build" in ui.screen)
            pid = other.info.backend_pid
            await ui.until(lambda: f"pid {pid}, reports of postgres" in ui.screen)
            assert "CREATE INDEX CONCURRENTLY on public.users" in ui.screen
            await ui.press("b")
            assert f"pid {pid}, reports of postgres" in ui.screen
            await ui.press("t", "y", "escape")
            await ui.run_over()
        assert ui.names("applied") == ["0001_a.sql"]
        assert "waiting for writers before build" in ui.log


@played
async def test_a_file_that_gets_no_lock_in_time_is_seen_to_be_tried_again(desk: Desk) -> None:
    desk.write("0001_a.sql", ALTER)
    desk.options |= {"lock_timeout": 0.3, "lock_retries": 20}
    async with desk.open() as ui:
        with holding(desk.database):
            await ui.press("a", "y")
            await ui.until(lambda: "retry 1 of 20" in ui.log)
            assert "↻ 0001_a.sql  rolled back after " in ui.log
            assert "canceling statement due to lock timeout" in ui.log
            await ui.until(lambda: "trying again soon" in ui.screen)
        await ui.run_over()
        assert ui.names("applied") == ["0001_a.sql"]


@played
async def test_of_many_sessions_the_chosen_one_is_in_sight(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT pg_sleep(30);")
    many = tuple(Activity(pid, "ada", "psql", "", "active", 1, 1, "SELECT 1") for pid in range(40))
    async with desk.open(80, 24) as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "statement 1 of 1" in ui.screen)
        send(ui, BlockedSeen("0001_a.sql", 1, 1, Blocked("ShareLock", "table t", 1, many)))
        await ui.until(lambda: "Blocked for" in ui.screen)
        await ui.press("b", "G")
        assert "pid 39, psql of ada" in ui.screen
        await ui.press("pageup")
        assert "pid 39, psql of ada" not in ui.screen
        await ui.press("g")
        assert "│ Blocked for" in ui.screen
        await ui.press("escape", "x", "y")
        await ui.run_over()


@played
async def test_whatever_a_session_holds_is_data(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT pg_sleep(300);")
    async with desk.open(80, 24) as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "statement 1 of 1" in ui.screen)
        for number, text in enumerate(tools.all_in_ci([*HOSTILE.values()], 4)):
            session = Activity(4711, text, text, text, text, 1, 1, text * 20)
            prepared = Activity(0, text, text, text, "prepared", 1, None, "")
            progress = ServerProgress(text, text, text, 50 + number, 100, text, (session,))
            send(ui, ProgressSeen("0001_a.sql", 1, 1, progress))
            percent = f" {50 + number} %"
            await ui.until(lambda percent=percent: percent in ui.screen)
            assert_harmless(ui)
            blocked = Blocked(text, text, 1.0, (session, prepared))
            send(ui, BlockedSeen("0001_a.sql", 1, 1, blocked))
            send(ui, VictimsSeen("0001_a.sql", 1, 1, Victims(1, 1.0, (session,))))
            await ui.until(lambda: "Blocked for" in ui.screen)
            assert_harmless(ui)
            for key in ("b", "j", "t", "escape", "G", "c"):
                await ui.press(key)
                assert_harmless(ui)
            await ui.press("escape", "escape", "5", "l")
            assert_harmless(ui)
            send(ui, BlockedSeen("0001_a.sql", 1, 1, None))
            await ui.until(lambda: "Blocked for" not in ui.screen.partition("5 Log")[0])
        await ui.press("x", "y")
        await ui.run_over()


@played
async def test_a_click_chooses_a_session(desk: Desk) -> None:
    desk.write("0001_a.sql", ALTER)
    async with desk.open() as ui:
        with holding(desk.database), holding(desk.database):
            await stuck(ui)
            await ui.press("b")
            rows = [n for n, text in enumerate(ui.rows) if re.search(r"│   pid \d+,", text)]
            pid = re.findall(r"pid \d+", ui.rows[rows[-1]])[0]
            await ui.pilot.click(offset=(20, rows[-1]))
            await ui.press("t")
            assert f"Terminate {pid}?" in ui.screen
            await ui.press("escape", "escape", "x", "y")
            await ui.run_over()
