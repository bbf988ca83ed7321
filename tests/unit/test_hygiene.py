"""Rules about the source itself: no circles, short files, one place for SQL, one name a class."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import schemamig_tui

ROOT = Path(schemamig_tui.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LONGEST = 400
TOO_MANY = 7


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


Nodes = Iterable[ast.AST]


@dataclass(frozen=True)
class Module:
    """What the rules ask of one file, from one look at it; each field as its function says it."""

    name: str
    lines: int
    imports: set[str]
    meanings: list[int]
    classes: list[str]
    constructors: list[tuple[str, int]]
    identifiers: set[str]


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    """All of the program."""
    sources = {module_name(file): file for file in FILES}
    found = []
    for name, file in sources.items():
        source = file.read_text()
        here = nodes(source)
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        found.append(
            Module(
                name,
                len(source.splitlines()),
                {*imports(here, package, sources)},
                [*meanings(here)],
                [node.name for node in here if isinstance(node, ast.ClassDef)],
                [*constructors(here)],
                {*identifiers(here)},
            )
        )
    return found


def nodes(source: str) -> list[ast.AST]:
    """Everything in a source."""
    return [*ast.walk(ast.parse(source))]


def imports(nodes: Nodes, package: str, modules: Mapping[str, object]) -> Iterator[str]:
    """The modules that a source imports anywhere: in functions and under TYPE_CHECKING as well.

    ``from room import name`` means the module ``room.name`` where there is one, else ``room``.
    ``package`` is what a relative import starts from.
    """
    for node in nodes:
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


def test_no_two_modules_import_each_other_not_even_in_a_function_or_for_a_type(
    modules: list[Module],
) -> None:
    graph = {module.name: module.imports - {module.name} for module in modules}
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
    assert [*imports(nodes(source), "a", {"a": None, "a.b": None})] == ["a.b"]


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) in (["b", "c", "b"], ["c", "b", "c"])


def test_a_file_is_short_enough_to_have_one_job(modules: list[Module]) -> None:
    assert modules
    assert not {module.name: module.lines for module in modules if module.lines > LONGEST}


def meanings(nodes: Nodes) -> Iterator[int]:
    """The lines in which bytes are searched for a pattern, or for a word."""
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
            searched = of_re or node.func.attr in (
                "startswith",
                "endswith",
                "find",
                "index",
                "count",
            )
            texts = [part for one in node.args[:1] for part in ast.walk(one)] if searched else []
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            if is_of_words(node.comparators[0]):
                continue
            texts, of_re = [node.left], False
        else:
            continue
        values = [text.value for text in texts if isinstance(text, ast.Constant)]
        if any(
            isinstance(it, bytes) and (of_re or it.strip(b"\xef\xbb\xbf").isalpha())
            for it in values
        ):
            yield node.lineno


def is_of_words(node: ast.expr) -> bool:
    """Whether something is looked for in a list of words that the room for SQL has read."""
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in ("words", "head")


def test_only_the_room_for_sql_gives_sql_a_meaning(modules: list[Module]) -> None:
    """SQL is handled as bytes: who searches bytes for a pattern or a word gives SQL a meaning."""
    elsewhere = {
        (module.name, line)
        for module in modules
        if module.name.split(".")[1:2] not in (["sql"], ["connect"])
        for line in module.meanings
    }
    assert not elsewhere


@pytest.mark.parametrize(
    "source",
    [
        'P = re.compile(rb"x")',
        'P = re.compile(\n    rb"a"\n    rb"b"\n)',
        'P = re.compile(rb"a" + WORD)',
        're.search(rb"x", sql)',
        're.sub(b"x", b"y", sql)',
        'b"temp" in sql',
        'if b"temp" not in sql.lower(): pass',
        'sql.lower().startswith((b"create", b"alter"))',
        'sql.find(b"prepare")',
    ],
)
def test_a_meaning_is_found_however_it_is_searched_for(source: str) -> None:
    assert [*meanings(nodes(source))]


def test_a_class_name_is_used_once(modules: list[Module]) -> None:
    """Nested classes count as well, such as the messages of a widget."""
    names = Counter(name.lstrip("_") for module in modules for name in module.classes)
    assert not {name for name, times in names.items() if times > 1}


def constructors(nodes: Nodes) -> Iterator[tuple[str, int]]:
    """The classes that have an __init__ of their own, with how many parameters it has."""
    for found in nodes:
        for node in found.body if isinstance(found, ast.ClassDef) else ():
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                given = node.args
                yield found.name, len([*given.posonlyargs, *given.args, *given.kwonlyargs]) - 1


def test_a_constructor_takes_fewer_than_seven_things(modules: list[Module]) -> None:
    many = {
        (module.name, name, count)
        for module in modules
        for name, count in module.constructors
        if count >= TOO_MANY
    }
    assert not many


def test_keywords_of_a_constructor_count() -> None:
    source = "class A:\n    class B:\n        def __init__(self, a, /, b, *, c=1): pass"
    assert [*constructors(nodes(source))] == [("B", 3)]


IMAGES = {"flight", "preflight", "weaver", "leg", "aftermath", "lookout", "heard", "told", "said"}


def identifiers(nodes: Nodes) -> Iterator[str]:
    """The names of everything that a source defines, takes or uses."""
    for node in nodes:
        names = (getattr(node, field, None) for field in ("id", "attr", "arg", "name"))
        yield from (name for name in names if isinstance(name, str))


def test_no_name_is_an_image(modules: list[Module]) -> None:
    images = {
        (module.name, name)
        for module in modules
        for name in module.identifiers
        if IMAGES.intersection(name.lower().split("_"))
    }
    assert not images


def test_an_image_is_found_in_every_kind_of_name() -> None:
    source = "class Leg:\n    def was_told(self, said): self._heard = flight"
    found = {name for name in identifiers(nodes(source)) if IMAGES & {*name.lower().split("_")}}
    assert found == {"Leg", "was_told", "said", "_heard", "flight"}


def test_tests_that_need_one_worker_are_given_to_one(request: pytest.FixtureRequest) -> None:
    is_worker = hasattr(request.config, "workerinput")
    assert not is_worker or request.node.nodeid.endswith("@hygiene")
