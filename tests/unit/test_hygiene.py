"""Rules about the source itself: no circles, short files, one place for SQL, one name a class."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import schemamig_tui

ROOT = Path(schemamig_tui.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LONGEST = 400


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: str, package: str, modules: Mapping[str, object]) -> Iterator[str]:
    """The modules that a source imports anywhere: in functions and under TYPE_CHECKING as well.

    ``from room import name`` means the module ``room.name`` where there is one, else ``room``.
    ``package`` is what a relative import starts from.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            room = ".".join([*(above if node.level else ()), *filter(None, [node.module])])
            for alias in node.names:
                found = (f"{room}.{alias.name}", room)
                yield from [name for name in found if name in modules][:1]


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The modules of one circle, in the order of its imports; none if there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        modules: list[str] = error.args[1]
        return modules[::-1]
    return []


def test_no_two_modules_import_each_other_not_even_in_a_function_or_for_a_type() -> None:
    sources = {module_name(file): file for file in FILES}
    graph = {}
    for name, file in sources.items():
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        graph[name] = {*imports(file.read_text(), package, sources)} - {name}
    assert sum(map(len, graph.values())) > len(graph)
    assert circle(graph) == []


@pytest.mark.parametrize(
    "source",
    [
        "import a.b",
        "from a import b",
        "from a.b import thing",
        "from . import b",
        "from .b import thing",
        "def f():\n    from a.b import thing",
        "if TYPE_CHECKING:\n    from a.b import thing",
    ],
)
def test_an_import_is_found_wherever_it_stands(source: str) -> None:
    assert [*imports(source, "a", {"a": None, "a.b": None})] == ["a.b"]


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) in (["b", "c", "b"], ["c", "b", "c"])


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_a_file_is_short_enough_to_have_one_job(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= LONGEST


def test_only_the_room_for_sql_has_patterns_for_sql() -> None:
    """SQL is handled as bytes, so a pattern of bytes is one that gives SQL a meaning."""
    pattern = re.compile(r"re\.compile\(\s*\(?\s*rb")
    elsewhere = {
        module_name(file)
        for file in FILES
        if ROOT / "sql" not in file.parents and pattern.search(file.read_text())
    }
    assert not elsewhere


def test_a_class_name_is_used_once() -> None:
    names = Counter(
        node.name.lstrip("_")
        for file in FILES
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef)
    )
    assert not {name for name, times in names.items() if times > 1}
