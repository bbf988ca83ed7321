"""What the text leaves out, as it would say nothing or what is not so."""

from tests.headless.conftest import Program


def test_a_dry_run_of_nothing_but_refused_files_has_no_heading(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 'open;")
    assert program("--dry-run").out == "\nTotal: 0 to apply, 1 refused; nothing was changed\n"


def test_a_list_has_no_lines_that_are_for_the_next_run(program: Program) -> None:
    program.write("0001_a.sql", "VACUUM pg_am;\nSELECT 1/0;")
    assert "hint: the next --apply goes on with" in program("--apply").err
    out = program("--list").out
    assert "Statements done: 1 of 2" in out
    assert "session" not in out.lower()


def test_a_run_that_applied_nothing_says_nothing_of_what_stays(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1/0;")
    err = program("--apply").err
    assert "hint: the next --apply starts with " in err
    assert "stays" not in err
