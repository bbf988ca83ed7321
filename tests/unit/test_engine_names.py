"""What the engine offers to the other rooms, and that it loads nothing before it is asked for."""

import subprocess
import sys

import pytest

from schemamig_tui import engine


def test_the_engine_offers_these_names() -> None:
    assert engine.__all__ == [
        "Connect",
        "Folder",
        "Ledger",
        "LedgerRow",
        "Migration",
        "MigrationFile",
        "Plan",
        "PlannedFile",
        "Runner",
        "Script",
        "Selection",
        "State",
        "Status",
        "Survey",
        "cancel_session",
        "compare",
        "describe",
        "make_plan",
        "parse",
        "scan",
        "terminate_session",
    ]
    for name in engine.__all__:
        assert getattr(engine, name) is not None


def test_a_name_that_it_does_not_offer_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Pipeline'"):
        _ = engine.Pipeline


def test_a_name_loads_no_more_than_it_needs() -> None:
    code = "import sys; from schemamig_tui.engine import scan; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = run.stdout.split()
    assert "schemamig_tui.engine.script.files" in loaded
    assert not {"psycopg", "schemamig_tui.engine.script.cutter"}.intersection(loaded)


def test_a_run_with_nothing_to_do_loads_nothing_that_reads_sql() -> None:
    code = """
import sys
from schemamig_tui.engine import Runner
from schemamig_tui.headless import connecting, run_report, running
print(*sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = run.stdout.split()
    assert "schemamig_tui.engine.run.runner" in loaded
    assert not {"schemamig_tui.sql.lexer", "schemamig_tui.engine.run.failure"}.intersection(loaded)
