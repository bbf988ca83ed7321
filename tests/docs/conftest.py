"""DBML's own grammar, by which every file is judged: the npm package ``@dbml/core``."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from schemamig_tui.docs.document import Document
from schemamig_tui.docs.writer import write
from tests import tools
from tests.npm import npm_folder

_SCRIPT = Path(__file__).with_name("grammar.mjs")

Accepted = Callable[..., list[str]]


@pytest.fixture(scope="session")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> Accepted:
    """Writes documents, and returns their texts if the grammar finds in them what they have."""
    node, package = tools.needs("node"), npm_folder("@dbml/core@10.2.0")

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
