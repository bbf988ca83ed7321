"""A run of all tests may take a part of those that take long, and never a whole kind away."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import sample, tools


@dataclass(frozen=True)
class Run:
    """What is known of a run: its arguments, and what narrows it."""

    args: list[str]
    keyword: str = ""

    def getini(self, _: str) -> list[str]:
        return ["tests"]

    def getoption(self, name: str, default: None) -> str | None:
        return getattr(self, name, default)


@dataclass(frozen=True)
class One:
    """A test, with what tells that it is a case and needs a server."""

    nodeid: str
    fixturenames: tuple[str, ...] = ("server",)

    @property
    def path(self) -> Path:
        return Path(self.nodeid.partition("::")[0])

    def __getattr__(self, name: str) -> object:
        if name == "callspec" and "[" in self.nodeid:
            return name
        raise AttributeError(name)


ALWAYS = [
    One("tests/engine/test_runs.py::test_one"),
    One("tests/engine/test_runs.py::test_single[a]"),
    *(One(f"tests/sql/test_words.py::test_case[{case}]", ()) for case in range(40)),
]
CASES = [One(f"tests/engine/test_runs.py::test_case[{case}]") for case in range(40)]
LONG = [One(f"tests/faults/test_{file}.py::test_it_ends") for file in range(40)]
TESTS: Any = [*ALWAYS, *CASES, *LONG]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "in_ci", lambda: False)


def left_out(*args: str, keyword: str = "") -> set[Any]:
    config: Any = Run([*args], keyword)
    return sample.left_out(config, TESTS)


def test_one_of_five_cases_and_of_five_long_tests_is_taken() -> None:
    left = left_out("tests")
    assert not left & {*ALWAYS}
    assert len(left & {*CASES}) == len(left & {*LONG}) == 32
    assert left == left_out("tests")


def test_another_run_takes_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    left = left_out("tests")
    monkeypatch.setattr(sample.shared, "folder", lambda: tmp_path)
    assert left_out("tests") != left


def test_what_somebody_names_is_taken_and_ci_takes_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not left_out("tests/engine")
    assert not left_out("tests", keyword="case")
    monkeypatch.setattr(tools, "in_ci", lambda: True)
    assert not left_out("tests")
