"""The settings that a file's statements leave, as read off them, against the server's own."""

from collections.abc import Sequence

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.sql.session import SessionModel
from schemamig_tui.sql.statements import traits_of

NAMES = ("work_mem", "app.x")
DEFAULTS = {"work_mem": "4MB", "app.x": None}
SETS = [
    "SET work_mem = '7MB'",
    "set session work_mem to '8MB'",
    "SET LOCAL work_mem = '9MB'",
    "SELECT set_config('work_mem', '5MB', false)",
    "SELECT pg_catalog.set_config('app.x', 'b', true)",
    "SET app.x = 'a'",
    "SET LOCAL app.x TO 'c'",
    "RESET work_mem",
    "RESET ALL",
]
BLOCKS = ["SAVEPOINT s", "SAVEPOINT t", "RELEASE s", "ROLLBACK TO s", "ROLLBACK TO SAVEPOINT t"]
ENDS = ["COMMIT", "ROLLBACK", "END", "ABORT", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN"]


@given(
    statements=st.lists(
        st.one_of(map(st.sampled_from, (SETS, BLOCKS, ["BEGIN", *ENDS]))),
        max_size=14,
    )
)
def test_a_model_of_the_session_says_what_the_server_says(
    server: Embedded, statements: list[str]
) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        model = SessionModel()
        for sql in _without_errors(statements):
            conn.pgconn.exec_(sql.encode())
            model.follow(traits_of(sql.encode()))
            for name in NAMES:
                asked = conn.pgconn.exec_(f"SELECT current_setting('{name}', true)".encode())
                value = (asked.get_value(0, 0) or b"").decode() or DEFAULTS[name]
                assert (model.get(name) or DEFAULTS[name]) == value, sql


def _without_errors(statements: Sequence[str]) -> list[str]:
    """Those that the server would not refuse where they stand: an error is no part of a file.

    Outside a block SET LOCAL sets nothing, which is what the file's mode decides.
    """
    kept: list[str] = []
    in_block = False
    points: list[str] = []
    for sql in statements:
        *_, last = sql.split()
        if sql.startswith("SAVEPOINT") and in_block:
            points.append(last)
        elif sql.startswith(("RELEASE", "ROLLBACK TO")):
            if last not in points:
                continue
            del points[len(points) - points[::-1].index(last) - sql.startswith("RELEASE") :]
        elif sql == "BEGIN":
            in_block = True
        elif sql in ENDS and in_block:
            in_block = "CHAIN" in sql
            points.clear()
        elif not in_block and (sql in ENDS or "LOCAL" in sql or "true" in sql or "SAVE" in sql):
            continue
        kept.append(sql)
    return kept


@pytest.mark.parametrize(
    ("sql", "name", "value"),
    [
        ("SET NAMES 'LATIN1'", "client_encoding", "LATIN1"),
        ("SET TIME ZONE 'UTC'", "timezone", "UTC"),
        ("SET SCHEMA 'app'", "search_path", "app"),
        ("SET ROLE app", "role", "app"),
        ("SET SESSION AUTHORIZATION app", "session_authorization", "app"),
        ("SET LOCAL SESSION AUTHORIZATION app", "session_authorization", "app"),
        ('SET "My.Setting" = 1', "my.setting", "1"),
        ("SET my . setting TO DEFAULT", "my.setting", None),
        ("RESET TIME ZONE", "timezone", None),
        ("RESET SESSION AUTHORIZATION", "session_authorization", None),
    ],
)
def test_an_assignment_is_read_in_all_its_forms(sql: str, name: str, value: str | None) -> None:
    assigns = traits_of(sql.encode()).assigns
    assert assigns is not None
    assert (assigns.name, assigns.value) == (name, value)
