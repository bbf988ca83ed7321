"""Drift, order and pull requests, as ``--diff``, ``--strict`` and ``--against`` tell of them."""

import subprocess
import sys

import pytest

from tests.headless.conftest import Ended, Program


@pytest.fixture
def repository(program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program in a git repository."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    git(program, "init", "-q", "-b", "main")
    return program


def git(program: Program, *arguments: str) -> str:
    """Run git in the folder of the program."""
    return subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments],
        cwd=program.folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def commit(program: Program, name: str, sql: str, subject: str = "Some commit") -> None:
    """Write and commit a migration."""
    program.write(name, sql)
    git(program, "add", "-A")
    git(program, "commit", "-qm", subject)


def test_a_changed_file_is_shown_with_its_commit(repository: Program) -> None:
    commit(repository, "0001_a.sql", "CREATE TABLE t (i int);\n", "As applied")
    assert repository("--apply").code == 0
    commit(repository, "0001_a.sql", "CREATE TABLE t (i bigint);\n", "The mistake")
    ended = repository("--diff", "migrations/0001_a.sql")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("0001_a.sql has changed since it was applied (")
    assert lines[1].endswith("by Ada: As applied")
    assert lines[2].endswith("by Ada: The mistake")
    assert lines[-2:] == ["+CREATE TABLE t (i bigint);", " "]
    (event,) = repository("--diff", "0001_a.sql", "--json").events[-1:]
    assert (event["changed"], event["only_comments"]) == (True, False)
    assert event["changed_by"]["subject"] == "The mistake"
    assert "-CREATE TABLE t (i int);" in event["diff"]


def test_changed_comments_are_told_from_changed_statements(repository: Program) -> None:
    commit(repository, "0001_a.sql", "-- one\nCREATE TABLE t (i int);\n")
    commit(repository, "0002_b.sql", "CREATE TABLE u (i int);\n")
    assert repository("--apply").code == 0
    repository.write("0001_a.sql", "-- two\nCREATE TABLE t (i int);\n")
    repository.write("0002_b.sql", "CREATE TABLE u (i bigint);\n")
    ended = repository("--list")
    assert "warning: Only comments have changed since it was applied: 0001_a.sql." in ended.err
    assert "Only comments and white space have changed." in repository("--diff", "0001_a.sql").out
    assert "changed by: no commit; it has changed since" in repository("--diff", "0002_b.sql").out


def test_a_shallow_clone_says_how_to_get_the_text_that_was_applied(repository: Program) -> None:
    commit(repository, "0001_a.sql", "CREATE TABLE t (i int);\n")
    assert repository("--apply").code == 0
    commit(repository, "0001_a.sql", "CREATE TABLE t (i bigint);\n")
    git(repository, "clone", "-q", "--depth=1", f"file://{repository.folder}", "clone")
    ended = repository("--diff", "0001_a.sql", "--dir", "clone/migrations")
    assert ended.code == 2
    assert "no commit of those in this shallow clone has a version of it" in ended.err
    assert "hint: Get the whole history with git fetch --unshallow, restore the text" in ended.err
    git(repository, "-C", "clone", "fetch", "-q", "--unshallow")
    assert repository("--diff", "0001_a.sql", "--dir", "clone/migrations").code == 0


def test_without_git_the_text_that_was_applied_is_not_known(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE t (i int);\n")
    assert program("--apply").code == 0
    assert "is as it was applied" in program("--diff", "0001_a.sql").out
    program.write("0001_a.sql", "CREATE TABLE t (i bigint);\n")
    ended = program("--diff", "0001_a.sql")
    assert ended.code == 2
    assert "the ledger has its MD5 only, and the folder is in no git repository" in ended.err
    program.write("0002_b.sql", "SELECT 1;\n")
    assert "0002_b.sql is not applied" in program("--diff", "0002_b.sql").err
    assert "0003_c.sql is not in the folder" in program("--diff", "0003_c.sql").err
    (program.folder / "migrations/0001_a.sql").unlink()
    assert "is in the ledger, but not in the folder" in program("--diff", "0001_a.sql").err


def _drifted(program: Program) -> Ended:
    """Change an applied file, and add one that sorts before it."""
    program.write("0002_b.sql", "CREATE TABLE t (i int);\n")
    assert program("--apply").code == 0
    program.write("0002_b.sql", "CREATE TABLE t (i bigint);\n")
    program.write("0001_late.sql", "CREATE TABLE late (i int);\n")
    return program("--list")


def test_a_late_file_is_pointed_out_in_every_mode(program: Program) -> None:
    sentence = "Pending, but sorted before 0002_b.sql, which is applied: 0001_late.sql."
    assert sentence in _drifted(program).err
    for mode in ("--check", "--dry-run", "--rehearse", "--apply"):
        assert sentence in program(mode).err, mode
    assert sentence not in program("--list").err


def test_a_renamed_file_is_recognised_before_it_runs_again(program: Program) -> None:
    path = program.write("0001_a.sql", "CREATE TABLE t ();\n")
    assert program("--apply").code == 0
    path.rename(path.with_name("0002_b.sql"))
    sentence = (
        "Renamed since it was recorded: 0001_a.sql is 0002_b.sql now. An apply would run it again."
        " --accept-name 0002_b.sql records the name that it has now;"
    )
    for mode in ("--list", "--check", "--dry-run", "--rehearse"):
        ended = program(mode)
        assert sentence in ended.err, mode
        assert "not in the folder" not in ended.err
    assert program("--check").out.splitlines()[1:] == [
        "  ✗ 0001_a.sql: renamed to 0002_b.sql",
        "  ✗ 0002_b.sql: pending, recorded as 0001_a.sql",
    ]
    old, new = program("--check", "--json").events[-3:-1]
    assert (old["renamed_to"], new["recorded_as"]) == ("0002_b.sql", "0001_a.sql")
    for name in ("0001_a.sql", "0002_b.sql"):
        ended = program("--diff", name)
        assert "0001_a.sql has been renamed to 0002_b.sql since it was recorded" in ended.err
    assert "0001_a.sql has been renamed to 0002_b.sql: it does not" in program("--verify").err
    ended = program("--apply", "--strict")
    assert (ended.code, sentence in ended.err) == (2, True)
    assert program("--apply").code == 1
    assert sentence in program("--list").err, "also when it has failed"
    assert program("--accept-name", "0002_b.sql").code == 0
    ended = program("--check")
    assert (ended.code, ended.err.count("warning")) == (0, 0)


def test_a_file_that_was_perhaps_renamed_and_changed_is_told_with_the_way_out(
    repository: Program,
) -> None:
    table = "CREATE TABLE {} (\n    id int,\n    name text,\n    born date,\n    {} text\n);\n"
    commit(repository, "0001_a.sql", table.format("a", "place"))
    commit(repository, "0002_b.sql", "CREATE TABLE b (i int);\n")
    assert repository("--apply").code == 0
    for name in ("0001_a.sql", "0002_b.sql"):
        repository.folder.joinpath("migrations", name).unlink()
    repository.write("0003_b.sql", "ALTER TABLE b RENAME TO c;\n")
    repository.write("0011_a.sql", table.format("a", "town"))
    sentence = (
        "warning: Perhaps renamed and changed since recorded, by the lines that are the same:"
        " 0001_a.sql is 0011_a.sql now. An apply would run it again. If it is so,"
        " --mark-applied 0011_a.sql records the new file by hand, and --forget 0001_a.sql removes"
        " the row of the old one.\n"
    )
    for mode in ("--list", "--check"):
        assert sentence in repository(mode).err
    assert repository("--mark-applied", "0011_a.sql").code == 0
    assert repository("--forget", "0001_a.sql").code == 0
    ended = repository("--check")
    assert "Perhaps" not in ended.err
    assert ended.out.splitlines()[1:] == [
        "  ✗ 0002_b.sql: its file is missing",
        "  ✗ 0003_b.sql: pending",
    ]
    assert repository("--apply").code == 0


def test_a_renamed_and_changed_file_that_has_failed_is_not_to_be_marked_as_applied(
    repository: Program,
) -> None:
    commit(repository, "0001_a.sql", "SELECT 1;\nSELECT 2;\nSELECT 3;\nSELECT 1/0;\n")
    assert repository("--apply").code == 1
    repository.folder.joinpath("migrations/0001_a.sql").unlink()
    repository.write("0002_a.sql", "SELECT 1;\nSELECT 2;\nSELECT 3;\nSELECT 4;\n")
    ended = repository("--list")
    assert "0001_a.sql" in ended.out
    assert "Perhaps" not in ended.err


def test_of_files_with_the_same_text_each_is_recognised_once_whatever_its_line_ends(
    program: Program,
) -> None:
    for name in ("0001_a.sql", "0002_b.sql"):
        program.write(name, "SELECT\n1;\n")
    assert program("--apply").code == 0
    for name in ("0001_a.sql", "0002_b.sql"):
        program.folder.joinpath("migrations", name).unlink()
    for name in ("0011_a.sql", "0012_b.sql", "0013_c.sql"):
        program.folder.joinpath("migrations", name).write_bytes(b"SELECT\r\n1;\r\n")
    ended = program("--list")
    assert "0001_a.sql is 0011_a.sql now, 0002_b.sql is 0012_b.sql now. An" in ended.err
    assert "0013_c.sql\n" in ended.out


def test_strict_refuses_drift_and_late_files(program: Program) -> None:
    _drifted(program)
    ended = program("--apply", "--strict")
    assert ended.code == 2
    assert "Changed since it was applied: 0002_b.sql." in ended.err
    assert "Pending, but sorted before 0002_b.sql, which is applied: 0001_late.sql." in ended.err
    assert program("--dry-run", "--strict").code == 2
    assert "1 pending" in program("--list").out
    program.write("0002_b.sql", "CREATE TABLE t (i int);\n")
    program.write("0001_late.sql", "-- schemamig: out-of-order\nCREATE TABLE late (i int);\n")
    ended = program("--apply", "--strict")
    assert (ended.code, "sorted before" in ended.err) == (0, False)
    assert program("--apply", "--strict").code == 0


def test_the_directive_for_late_files_stands_at_the_top(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;\n-- schemamig: out-of-order\n")
    assert "counts in the comments at the top only" in program("--dry-run").err
    program.write("0001_a.sql", "-- A comment.\n\n-- schemamig: out-of-order\nSELECT 1;\n")
    assert program("--dry-run").code == 0
    program.write("0001_a.sql", "-- schemamig: out-of-odor\nSELECT 1;\n")
    assert (
        "There are no-transaction, out-of-order, requires FILE, repeat," in program("--dry-run").err
    )


def test_a_pull_request_may_add_files_at_the_end(repository: Program) -> None:
    commit(repository, "0001_a.sql", "SELECT 1;\n")
    git(repository, "checkout", "-qb", "feature")
    assert repository("--check", "--against", "main").out == (
        "In order: 0 new migrations, and none of main has changed\n"
    )
    commit(repository, "0002_b.sql", "SELECT 2;\n")
    ended = repository("--check", "--against", "main", DATABASE_URL="postgresql://127.0.0.1:1/x")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "In order: 1 new migration behind 0001_a.sql, and none of main has changed\n"
    )


def test_a_pull_request_may_not_change_remove_or_squeeze_in(repository: Program) -> None:
    for number in range(1, 7):
        commit(repository, f"000{number}_a.sql", f"SELECT {number}; -- a comment\n")
    git(repository, "checkout", "-qb", "feature")
    commit(repository, "0001_a.sql", "SELECT 'another';\n")
    commit(repository, "0002_a.sql", "SELECT 2; -- another comment\n")
    commit(repository, "0003_a.sql", "SELECT 3; -- a comment\r\n")
    commit(repository, "0003_late.sql", "SELECT 3;\n")
    commit(repository, "0003_may_be_late.sql", "-- schemamig: out-of-order\nSELECT 3;\n")
    git(repository, "rm", "-q", "migrations/0004_a.sql")
    git(repository, "mv", "migrations/0006_a.sql", "migrations/0007_b.sql")
    ended = repository("--check", "--against", "main")
    assert ended.code == 5
    assert ended.out.splitlines() == [
        "  ✗ 0001_a.sql: changed since main",
        "  ✗ 0002_a.sql: only comments changed since main",
        "  ✗ 0003_late.sql: sorts before 0006_a.sql, which main has; as 0008_late.sql it would not",
        "  ✗ 0004_a.sql: removed since main",
        "  ✗ 0006_a.sql: renamed to 0007_b.sql since main, so it would run again",
        "",
        "5 findings against main, 3 new migrations",
    ]
    events = repository("--check", "--against", "main", "--json").events
    assert events[0] == {
        "event": "finding",
        "name": "0001_a.sql",
        "problem": "changed",
        "renamed_to": None,
        "in_order": None,
    }
    assert (events[2]["problem"], events[2]["in_order"]) == ("out of order", "0008_late.sql")
    assert (events[4]["problem"], events[4]["renamed_to"]) == ("renamed", "0007_b.sql")
    assert events[-1]["new"] == ["0003_late.sql", "0003_may_be_late.sql", "0007_b.sql"]


def test_what_a_sparse_checkout_leaves_out_is_not_removed(repository: Program) -> None:
    commit(repository, "0001_a.sql", "SELECT 1;\n")
    commit(repository, "0002_b.sql", "SELECT 2;\n")
    git(repository, "sparse-checkout", "set", "--no-cone", "/*", "!/migrations/0001*")
    assert not (repository.folder / "migrations/0001_a.sql").exists()
    assert repository("--check", "--against", "main").code == 0
    git(repository, "rm", "-q", "--sparse", "migrations/0001_a.sql")
    assert "0001_a.sql: removed since main" in repository("--check", "--against", "main").out


def test_what_the_branch_has_gained_meanwhile_counts_for_the_order_only(
    repository: Program,
) -> None:
    commit(repository, "0001_a.sql", "SELECT 1;\n")
    git(repository, "checkout", "-qb", "feature")
    commit(repository, "0002_mine.sql", "SELECT 2;\n")
    git(repository, "checkout", "-q", "main")
    commit(repository, "0003_theirs.sql", "SELECT 3;\n")
    git(repository, "checkout", "-q", "feature")
    ended = repository("--check", "--against", "main")
    assert ended.code == 5
    assert ended.out.splitlines()[0] == (
        "  ✗ 0002_mine.sql: sorts before 0003_theirs.sql, which main has; as 0004_mine.sql it would"
        " not"
    )


def test_a_hook_of_git_in_another_work_tree_compares_too(repository: Program) -> None:
    commit(repository, "0002_b.sql", "SELECT 1;\n")
    git(repository, "worktree", "add", "-q", "other", "-b", "feature")
    late = repository.folder / "other/migrations/0001_late.sql"
    late.write_text("SELECT 2;\n")
    hook = repository.folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{sys.executable} -m schemamig_tui --check --against main >&2\n")
    hook.chmod(0o755)
    git(repository, "-C", "other", "add", "-A")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        git(repository, "-C", "other", "commit", "-m", "late")
    assert "0001_late.sql: sorts before 0002_b.sql, which main has" in refused.value.stderr


def test_an_unknown_branch_is_one_clear_error(repository: Program) -> None:
    commit(repository, "0001_a.sql", "SELECT 1;\n")
    for ref, problem in {
        "origin/main": "git knows no origin/main",
        "--upload-pack=touch x": "git knows no --upload-pack=touch x",
        "": "--against is empty; was a variable not set?",
    }.items():
        ended = repository("--check", f"--against={ref}")
        assert ended.code == 2, ref
        assert problem in ended.err
    # git's own tests set it.
    ended = repository("--check", "--against=main", GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert "dubious ownership" in ended.err
    assert "hint: trust it with git config --global --add safe.directory FOLDER" in ended.err
    assert "--against only goes with --check" in repository("--list", "--against", "main").err


def test_a_branch_without_migrations_in_the_folder_is_told(repository: Program) -> None:
    commit(repository, "0001_a.sql", "SELECT 1;\n")
    git(repository, "mv", "migrations", "db")
    ended = repository("--check", "--against", "main", "--dir", "db")
    assert (ended.code, ended.out) == (
        0,
        "main has no migrations in this folder, so nothing is compared: 1 new migration\n",
    )


def test_without_a_repository_there_is_nothing_to_compare_with(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;\n")
    ended = program("--check", "--against", "main")
    assert (ended.code, ended.errors) == (2, ["the folder is in no git repository\n"])


def test_rows_of_earlier_runs_that_a_file_deletes_are_told(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    assert program("--apply").code == 0
    program.write("0002_b.sql", "DELETE FROM kb.schema_migrations WHERE filename = '0001_a.sql';")
    ended = program("--apply")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "  Total applied: 1 migration")
    assert ended.err.splitlines()[-1] == (
        "warning: Gone from the ledger, though an earlier run has applied it, so that it is pending"
        " again: 0001_a.sql. --mark-applied records what need not run again."
    )
