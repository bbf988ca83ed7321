"""State by state: what a file leaves in its session, the next one sees as little of as in psql."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from schemamig_tui.connect.embedded import Embedded
from tests import tools
from tests.conftest import Database
from tests.equivalence.comparison import Run, run_ours, run_psql, subject
from tests.equivalence.session_states import STATES, State

MODES = {"transaction": "{};\n", "no transaction": "-- schemamig: no-transaction\n{};\n"}
# Making a database takes longer than all the rest.
EMPTY = """
DROP EVENT TRIGGER IF EXISTS at_login;
DROP SCHEMA IF EXISTS public, kb, another CASCADE;
DROP ROLE IF EXISTS another;
ALTER DATABASE @DB@ RESET ALL;
ALTER ROLE postgres IN DATABASE @DB@ RESET ALL;
CREATE SCHEMA public;
CREATE TABLE seen (what text);
"""


@pytest.fixture(scope="module")
def shared(server: Embedded) -> Iterator[Database]:
    """One database for all states."""
    with subject(server) as database:
        yield database


@pytest.fixture(scope="module")
def extensions(server: Embedded) -> set[str]:
    """Those that the server has."""
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        return {name for (name,) in conn.execute("SELECT name FROM pg_available_extensions")}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.postgres(min=state.since))
        for name, state in STATES.items()
    ],
)
def test_the_next_file_sees_what_it_sees_in_psql(
    server: Embedded, shared: Database, extensions: set[str], tmp_path: Path, name: str
) -> None:
    state = STATES[name]
    if state.needs and state.needs not in extensions:
        tools.unavailable(f"needs the extension {state.needs}")
    set_up(shared, state)
    write(tmp_path, shared, state, MODES["transaction"])
    psql = outcome(run_psql(server, shared, tmp_path), shared)
    for mode in MODES.values():
        set_up(shared, state)
        write(tmp_path, shared, state, mode)
        assert outcome(run_ours(shared, tmp_path), shared) == psql


def set_up(database: Database, state: State) -> None:
    """Empty the database, and make what is there before the files."""
    with database.session() as conn:
        conn.execute(filled(EMPTY, database).encode())
        conn.execute(filled(state.before, database).encode())


def write(folder: Path, database: Database, state: State, mode: str) -> None:
    """Write both files."""
    sees = state.sees
    if sees.startswith("SELECT"):
        sees = f"INSERT INTO seen SELECT ({sees})::text"
    for name, sql in (("0001_makes.sql", state.makes), ("0002_sees.sql", sees)):
        (folder / name).write_text(mode.format(filled(sql, database)))


def filled(sql: str, database: Database) -> str:
    """The SQL with what stands for the database replaced."""
    parameters = conninfo_to_dict(database.conninfo)
    given = [
        f"{key} '{parameters[key]}'" for key in ("host", "port", "dbname") if key in parameters
    ]
    for mark, text in (
        ("@DB@", database.name),
        ("@TO@", database.conninfo.replace("'", "''")),
        ("@OPTIONS@", ", ".join(given)),
    ):
        sql = sql.replace(mark, text)
    return sql


def outcome(run: Run, database: Database) -> tuple[str | None, list[str | None]]:
    """The message of the error, if there was one, and what was seen."""
    message = run.error and run.error.partition("ERROR:  ")[2].partition("\n")[0]
    with database.session() as conn:
        return message, [what for (what,) in conn.execute("SELECT what FROM seen")]
