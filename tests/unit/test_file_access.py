"""Files that people name, which may be pipes and devices."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from schemamig_tui import plan_file
from schemamig_tui.docs import parser
from schemamig_tui.errors import SchemamigError
from schemamig_tui.settings.env_file import read_env_file


@pytest.mark.parametrize(
    "read",
    [plan_file.load, parser.text_of, lambda path: read_env_file(path, "--env-file")],
    ids=["plan", "docs", "env-file"],
)
def test_what_may_have_no_end_is_refused_behind_64_mib(read: Callable[[Path], object]) -> None:
    command = ["head", "-c", f"{65 * 1024 * 1024}", "/dev/zero"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as endless:
        assert endless.stdout
        path = Path(f"/dev/fd/{endless.stdout.fileno()}")
        with pytest.raises(SchemamigError, match="read: not a regular file, and longer than 64"):
            read(path)


def test_a_pipe_is_read_as_a_file() -> None:
    with subprocess.Popen(["echo", "A=b"], stdout=subprocess.PIPE) as pipe:
        assert pipe.stdout
        path = Path(f"/dev/fd/{pipe.stdout.fileno()}")
        assert read_env_file(path, "--env-file") == {"A": "b"}
