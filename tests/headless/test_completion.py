"""The scripts of ``--completion``, in the shells that they are for."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from schemamig_tui.completion import completion
from tests import tools

COMPLETE = """
source ours.bash
COMP_WORDS=({line} "")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_shtab_schemamig_tui schemamig-tui "" "${{COMP_WORDS[-2]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with migrations and targets, in which the program is on PATH."""
    (tmp_path / "migrations").mkdir()
    for name in ("0001_a.sql", "0002_b c.sql", "0003_$(touch done).sql", "0004_d.sql"):
        (tmp_path / "migrations" / name).touch()
    targets = "[targets.staging]\ndsn = 'dbname=s'\n[targets.production]\ndsn = 'dbname=p'\n"
    (tmp_path / "schemamig.toml").write_text(targets)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return tmp_path


def shell(*command: str) -> list[str]:
    """The lines that a shell prints."""
    done = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")
    assert done.stderr == ""
    return done.stdout.splitlines()


def in_bash(line: str) -> list[str]:
    """What bash offers behind a line."""
    Path("ours.bash").write_text(completion("bash"))
    return shell("bash", "-c", COMPLETE.format(line=line))


def in_fish(line: str) -> list[str]:
    """What fish offers behind a line."""
    Path("ours.fish").write_text(completion("fish"))
    offered = shell(str(tools.needs("fish")), "-c", f"source ours.fish; complete -C '{line} '")
    return [one.partition("\t")[0] for one in offered]


@pytest.mark.parametrize("complete", [in_bash, in_fish])
def test_files_and_targets_are_completed(here: Path, complete: Callable[[str], list[str]]) -> None:
    assert complete("schemamig-tui --apply --to") == ["0001_a.sql", "0004_d.sql"]
    assert complete("schemamig-tui --diff") == ["0001_a.sql", "0004_d.sql"]
    assert complete("schemamig-tui --target") == ["production", "staging"]


def test_a_name_that_a_shell_would_run_is_left_out(here: Path) -> None:
    in_bash("schemamig-tui --to")
    assert not (here / "done").exists()
    assert completion("files") == "0001_a.sql\n0004_d.sql"


def test_where_nothing_can_be_read_nothing_is_offered(here: Path) -> None:
    (here / "schemamig.toml").write_text("nonsense")
    assert completion("files") == completion("targets") == ""


def test_zsh_understands_its_script(here: Path) -> None:
    Path("ours.zsh").write_text(completion("zsh"))
    shell(str(tools.needs("zsh")), "-n", "ours.zsh")
