"""The versions of PostgreSQL that we support are those that the tests run on."""

from pathlib import Path

from tests.versions import RELEASES, main

ROOT = Path(__file__).parents[2]


def test_the_readme_promises_what_the_tests_run_on() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"PostgreSQL {min(RELEASES)} to {max(RELEASES)}," in readme


def test_ci_runs_the_oldest_and_the_newest() -> None:
    oldest_and_newest = f"python -m tests.versions {min(RELEASES)} {max(RELEASES)}\n"
    assert oldest_and_newest in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_each_package_holds_the_version_that_it_is_listed_for() -> None:
    assert {int(release.partition(".")[0]): release for release in RELEASES.values()} == RELEASES


def test_a_version_that_no_package_is_known_for_is_refused() -> None:
    assert main(["9", "18"]) == 2
