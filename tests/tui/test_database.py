"""Which database it is: in the header at every width, in each dialog that changes something."""

import pytest

from schemamig_tui.connect import Identity
from schemamig_tui.connect import target as connect_target
from schemamig_tui.connect.identity import Location
from schemamig_tui.tui.database import database_line
from schemamig_tui.tui.lines import plain, width
from tests.tui.conftest import Desk, Ui, played
from tests.tui.test_states import lose

STAGING = Identity(
    *("orders", "deploy", "deploy", "18.1", "db.staging.example.com", 5432), Location("--dsn")
)


@pytest.fixture
def desk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """One whose database is on another machine, as far as the screen is concerned."""
    monkeypatch.setattr(connect_target, "identify", lambda conn, location: STAGING)
    return desk


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (90, "orders  db.staging.example.com:5432  as deploy  PostgreSQL 18.1  --dsn"),
        (69, "orders  db.staging.example.com:5432  as deploy  PostgreSQL 18.1"),
        (50, "orders  db.staging.example.com:5432  as deploy"),
        (40, "orders  db.staging.example.com:5432"),
        (24, "orders  db.staging…:5432"),
        (15, "orders"),
        (6, "orders"),
        (5, "order"),
    ],
)
def test_its_name_is_the_last_to_be_cut(columns: int, shown: str) -> None:
    line = database_line(STAGING, columns)
    assert plain([line]) == shown
    assert width(line) <= columns


def test_no_line_is_wider_than_its_room_and_none_has_a_control_character() -> None:
    name = "データベース" * 3
    odd = Identity(name, "r\x1b", "l", "18", "h" * 50, 1, Location("--dsn"))
    for columns in range(2, 150):
        line = database_line(odd, columns)
        assert 0 < width(line) <= columns
        assert "\x1b" not in plain([line])


@played
async def test_the_header_names_it_with_its_server_and_what_has_set_it(desk: Desk) -> None:
    async with desk.open() as ui:
        assert ui.rows[0] == (
            " schemamig  orders  db.staging.example.com:5432  as deploy  PostgreSQL 18.1  --dsn"
        )
        assert ui.log == (
            "Database: orders at db.staging.example.com:5432, role deploy, PostgreSQL 18.1,"
            " from --dsn"
        )


@played
async def test_in_40_columns_the_header_has_room_for_it_whatever_is_wrong(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.write("0002_b.sql")
    desk.apply()
    desk.write("0001_a.sql", "SELECT 2;")
    (desk.folder / "0002_b.sql").unlink()
    async with desk.open(40, 12) as ui:
        assert ui.rows[0] == " orders  db.staging.example.com:5432"
        lose(ui)
        await ui.press("r")
        assert ui.rows[0] == " ✗ orders  db.staging.example.com:5432"


@played
async def test_a_wide_header_counts_what_is_odd_as_well(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.apply()
    desk.write("0001_a.sql", "SELECT 2;")
    async with desk.open(60, 12) as ui:
        assert ui.rows[0].split("  ") == [
            *(" orders", "db.staging.example.com:5432", "as deploy", " 1 changed")
        ]


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (140, 40)])
@played
async def test_each_dialog_that_changes_something_names_it(
    desk: Desk, size: tuple[int, int]
) -> None:
    desk.write("0001_a.sql", "SELECT pg_sleep(30);")
    async with desk.open(*size) as ui:
        for key in ("a", "A", "R"):
            await ui.press(key)
            assert any(row.startswith("orders  db.sta") for row in dialog_rows(ui)), ui.screen
            await ui.press("escape")
        await ui.press("a", "y", "q")
        assert any(row.startswith("orders  db.sta") for row in dialog_rows(ui)), ui.screen
        await ui.press("escape", "x", "y")
        await ui.run_over()


def dialog_rows(ui: Ui) -> list[str]:
    """What is between the borders of the dialog."""
    widget = ui.app.screen.query_one(".dialog")
    region = widget.region.shrink(widget.gutter)
    rows = ui.rows[region.y : region.bottom]
    return [row[region.x : region.right].strip() for row in rows]
