"""DBML's own grammar, by which every file is judged: the npm package ``@dbml/core``."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemamig_tui.docs.document import Document
from schemamig_tui.docs.writer import write
from tests import tools
from tests.npm import npm_folder

_SCRIPT = Path(__file__).with_name("grammar.mjs")

Accepted = Callable[..., list[str]]


@pytest.fixture(scope="session")
def grammar() -> Iterator[Callable[[Path], object]]:
    """What DBML's own parser says of a file. One process for all, as it takes long to begin."""
    command = [tools.needs("node"), _SCRIPT, npm_folder("@dbml/core@10.2.0")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", bufsize=1
    ) as parser:
        assert parser.stdin
        assert parser.stdout
        paths, answers = parser.stdin, parser.stdout

        def read(path: Path) -> object:
            paths.write(f"{path}\n")
            return json.loads(answers.readline())

        yield read
        paths.close()


@pytest.fixture
def accepted(grammar: Callable[[Path], object], tmp_path: Path) -> Accepted:
    """Writes documents, and returns their texts if the grammar finds in them what they have."""

    def accepted(*documents: Document) -> list[str]:
        texts = [*map(write, documents)]
        path = tmp_path / "accepted.dbml"
        for one, text in zip(documents, texts, strict=True):
            path.write_text(text, encoding="utf-8")
            assert grammar(path) == [len(one.tables), len(one.enums), len(one.refs)]
        return texts

    return accepted
