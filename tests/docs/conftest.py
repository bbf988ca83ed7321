"""DBML's own grammar, by which every file is judged: the npm package ``@dbml/core``."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from schemamig_tui.docs.document import Document
from schemamig_tui.docs.writer import write
from tests import tools

_VERSION = "10.2.0"
_SCRIPT = Path(__file__).with_name("grammar.mjs")

Accepted = Callable[..., list[str]]


@pytest.fixture(scope="session")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> Accepted:
    """Writes documents, and returns their texts if the grammar finds in them what they have."""
    node, package = tools.needs("node"), _package()

    def accepted(*documents: Document) -> list[str]:
        texts = [*map(write, documents)]
        paths = []
        for number, text in enumerate(texts):
            paths.append(tmp_path_factory.mktemp("dbml") / f"{number}.dbml")
            paths[-1].write_text(text, encoding="utf-8")
        done = subprocess.run(
            [node, _SCRIPT, package, *paths], stdout=subprocess.PIPE, encoding="utf-8", check=True
        )
        assert [json.loads(line) for line in done.stdout.splitlines()] == [
            [len(one.tables), len(one.enums), len(one.refs)] for one in documents
        ]
        return texts

    return accepted


def _package() -> Path:
    """The folder that the package is installed in, which stays for the next run."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "schemamig-tui-tests" / f"dbml-core-{_VERSION}"
    if not folder.exists():
        npm = tools.needs("npm")
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=folder.parent))
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", f"@dbml/core@{_VERSION}"]
        done = subprocess.run(command, cwd=new, stdout=subprocess.DEVNULL)
        if done.returncode:
            tools.unavailable(f"npm cannot install @dbml/core {_VERSION}")
        if not folder.exists():  # another worker may have been faster
            new.rename(folder)
    return folder
