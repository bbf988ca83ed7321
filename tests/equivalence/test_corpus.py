"""Hand-written files of every nasty kind: psql runs them, and we leave what psql leaves.

Cases run a second time on our side with each statement by itself, as the directive asks for. All
end in a file that writes down what its session is like.
"""

import codecs
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from schemamig_tui.connect.embedded import Embedded
from tests import tools
from tests.equivalence.comparison import assert_same_as_psql, assert_we_leave, psql_leaves

HERE = Path(__file__).parent
# The builtin collation provider came with 17, GRANT ... WITH INHERIT with 16.
NEEDS = {"objects": 17, "roles": 16}
CASES = sorted(folder.name for folder in (HERE / "corpus").iterdir() if folder.is_dir())
BY_STATEMENT = tools.all_in_ci(CASES, 16)
DIRECTIVE = b"-- schemamig: no-transaction\n"


def marked(cases: Iterable[str]) -> list[ParameterSet]:
    """The cases, each for the versions of PostgreSQL that have what it needs."""
    return [
        pytest.param(case, marks=pytest.mark.postgres(min=NEEDS.get(case, 14))) for case in cases
    ]


@pytest.mark.parametrize("case", marked(CASES))
def test_we_leave_what_psql_leaves(server: Embedded, tmp_path: Path, case: str) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(HERE / "corpus" / case, folder)
    shutil.copy(HERE / "probe.sql", folder / "~probe.sql")
    expected = psql_leaves(server, folder)
    assert_we_leave(expected, server, folder)
    if case not in BY_STATEMENT:
        return
    for file in folder.iterdir():
        text = file.read_bytes().replace(DIRECTIVE, b"")
        mark = codecs.BOM_UTF8 if text.startswith(codecs.BOM_UTF8) else b""
        file.write_bytes(mark + DIRECTIVE + text.removeprefix(mark))
    assert_we_leave(expected, server, folder)


def test_the_names_of_files_are_only_data(server: Embedded, tmp_path: Path) -> None:
    for name in ("0 a b.sql", '1_it\'s [red]; $(echo) %s {} \\ "ünï".sql', "2\n\x1b[31m.sql"):
        (tmp_path / name).write_text("CREATE SEQUENCE IF NOT EXISTS s; SELECT nextval('s');")
    assert_same_as_psql(server, tmp_path)


def test_lines_may_be_long(server: Embedded, tmp_path: Path) -> None:
    columns = ", ".join(f"'{number};' AS column_{number}" for number in range(1000))
    body = "RETURN length($$" + "it's; " * 500_000 + "$$);"
    (tmp_path / "0001_long.sql").write_text(
        f"CREATE TABLE t AS SELECT {columns}; SELECT '{'x' * 10_000}'; -- {';' * 10_000}\n"
        f"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$BEGIN {body} END$f$;\n"
        "CREATE TABLE lengths AS SELECT f();\n"
    )
    assert_same_as_psql(server, tmp_path)
