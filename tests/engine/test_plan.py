"""What was planned is what runs: a change behind the plan is refused before anything runs."""

import dataclasses

import pytest

from schemamig_tui.engine import Folder, Ledger, Plan, make_plan
from schemamig_tui.engine.run.selection import Selection
from schemamig_tui.engine.run.survey import survey
from schemamig_tui.engine.script import files
from schemamig_tui.errors import LedgerError, PlanChanged
from tests.engine.conftest import LEDGER, Workshop, limited_role


def planned(shop: Workshop, to: str | None = None, *, resume: bool = True) -> Plan:
    """The plan of all that is pending."""
    with shop.connect() as conn:
        found = survey(conn, Folder.read(shop.folder), Ledger(LEDGER))
    return make_plan(found, Selection(to, resume))


def refused(shop: Workshop, plan: Plan) -> tuple[str, ...]:
    """What differs from the plan, of which nothing has run then."""
    before = shop.rows
    with pytest.raises(PlanChanged) as caught:
        shop.runner().apply(plan)
    assert shop.rows == before
    assert not shop.events
    return caught.value.differences


def test_a_plan_has_the_files_in_their_order_with_what_is_known_of_each(shop: Workshop) -> None:
    shop.write("0001_a.sql", "CREATE TABLE a ();")
    shop.write("0002_b.sql", "VACUUM a;")
    plan = planned(shop)
    assert [(file.name, str(file.mode), file.done) for file in plan.files] == [
        ("0001_a.sql", "transaction", 0),
        ("0002_b.sql", "no transaction", 0),
    ]
    assert shop.runner().apply(plan).applied == ("0001_a.sql", "0002_b.sql")


def test_who_looks_at_a_plan_closes_no_file_of_its_run(shop: Workshop) -> None:
    """Advice may still be reading when a plan is approved, in a thread of its own."""
    path = shop.write("0001_a.sql", "SELECT 'a big file';\n" * 10_000)
    plan = planned(shop)
    (file,) = plan.files
    file.script.sql(0)
    path.rename(path.with_suffix(".old"))
    assert [script.file.name for script in plan.scripts()] == ["0001_a.sql"]
    assert file.script.sql(9_999) == b"SELECT 'a big file'"


def test_a_file_that_changed_or_appeared_or_went_since_is_refused(shop: Workshop) -> None:
    shop.write("0001_a.sql", "SELECT 1;")
    gone = shop.write("0002_b.sql", "SELECT 1;")
    plan = planned(shop)
    shop.write("0001_a.sql", "SELECT 2;")
    gone.unlink()
    shop.write("0000_before.sql", "SELECT 1;")
    shop.write("0003_c.sql", "SELECT 1;")
    assert refused(shop, plan) == (
        "0001_a.sql has changed",
        "0002_b.sql is gone",
        "0000_before.sql has appeared",
        "0003_c.sql has appeared",
    )
    plan = planned(shop)
    assert shop.runner().apply(plan).version == 3


def test_a_change_of_the_same_length_at_once_is_seen(shop: Workshop) -> None:
    shop.write("0001_a.sql", "SELECT 1;")
    plan = planned(shop)
    shop.write("0001_a.sql", "SELECT 2;")
    assert refused(shop, plan) == ("0001_a.sql has changed",)


def test_what_is_behind_the_last_planned_file_does_not_matter(shop: Workshop) -> None:
    shop.write("0001_a.sql", "SELECT 1;")
    plan = planned(shop, "0001_a.sql")
    shop.write("0002_b.sql", "SELECT 1;")
    assert shop.runner().apply(plan).applied == ("0001_a.sql",)


def test_what_another_run_has_applied_since_is_left_out(shop: Workshop) -> None:
    for name in ("0001_a.sql", "0002_b.sql"):
        shop.write(name, "SELECT 1;")
    plan = planned(shop)
    assert shop.apply("0001_a.sql").version == 1
    assert shop.runner().apply(plan).applied == ("0002_b.sql",)


def test_a_plan_that_is_exact_holds_for_the_ledger_as_it_was(shop: Workshop) -> None:
    for name in ("0001_a.sql", "0002_b.sql"):
        shop.write(name, "SELECT 1;")
    plan = dataclasses.replace(planned(shop), exact=True)
    shop.apply("0001_a.sql")
    assert refused(shop, plan) == (f"the ledger {LEDGER} has changed",)


def test_another_content_that_was_applied_since_is_refused(shop: Workshop) -> None:
    path = shop.write("0001_a.sql", "SELECT 1;")
    shop.write("0002_b.sql", "SELECT 1;")
    plan = planned(shop)
    before = path.stat()
    shop.write("0001_a.sql", "SELECT 'other';")
    shop.apply("0001_a.sql")
    shop.write("0001_a.sql", "SELECT 1;")
    assert path.stat().st_size == before.st_size
    assert refused(shop, plan) == ("0001_a.sql has been applied with another content",)


def test_a_file_that_fails_meanwhile_is_read_again_and_resumed(shop: Workshop) -> None:
    text = "-- schemamig: no-transaction\nCREATE TABLE a ();\nSELECT 1 / (SELECT count(*) FROM b);"
    shop.ask("CREATE TABLE b (x int)")
    shop.write("0001_a.sql", text)
    plan = planned(shop)
    assert shop.apply().failed == "0001_a.sql"
    shop.ask("INSERT INTO b VALUES (1)")
    assert shop.runner().apply(plan).applied == ("0001_a.sql",)


def test_all_that_keeps_a_plan_from_being_run_is_in_it(shop: Workshop) -> None:
    shop.write("0001_a.sql", "SELECT 'open;")
    shop.write("0002_b.sql", "\\i other")
    with limited_role(shop):
        plan = planned(shop)
        assert [error.message for error in plan.refusals] == [
            "This string is never closed.",
            "\\i is a command of psql, not SQL.",
            f"the ledger {LEDGER} does not exist, and may not be created",
        ]
        with pytest.raises(type(plan.refusals[0]), match="never closed"):
            shop.runner().apply(plan)
        shop.write("0001_a.sql", "SELECT 1;")
        (shop.folder / "0002_b.sql").unlink()
        with pytest.raises(LedgerError, match="may not be created"):
            shop.runner().apply(planned(shop))


def test_only_what_may_have_changed_is_read_again(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_TICK", -1.0)  # nothing is recent
    for name in ("0001_a.sql", "0002_b.sql"):
        shop.write(name, "SELECT 1;")
    before = Folder.read(shop.folder)
    shop.write("0002_b.sql", "SELECT 22;")
    shop.write("0003_c.sql", "SELECT 3;")
    now = Folder.read(shop.folder, before)
    assert now.files[0] is before.files[0]
    assert now == Folder.read(shop.folder)
    assert [file.size for file in now.files] == [9, 10, 9]
