"""Each recipe of the page is run, and written in the words of the service that it is for."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.recipes.page import RECIPES


def test_each_recipe_of_the_page_is_run() -> None:
    """By a test, or, as that of the image is, by ``.ci/run``."""
    here = Path(__file__)
    runners = [
        path.read_text(encoding="utf-8") for path in here.parent.glob("*.py") if path != here
    ]
    uses = {name: (f'["{name}"]', f'("{name}")') for name in RECIPES}
    assert uses
    assert [
        name for name, use in uses.items() if not any(it in text for text in runners for it in use)
    ] == []


@pytest.mark.parametrize(
    ("service", "recipes"),
    [
        ("github-workflows", ["migrate", "gate", "from-zero", "review"]),
        ("gitlab-ci", ["gitlab"]),
    ],
)
def test_a_recipe_has_the_keys_that_its_service_knows(
    tmp_path: Path, service: str, recipes: list[str]
) -> None:
    """What a service does not know it refuses; the runners of the tests might pass over it."""
    files = [tmp_path / f"{name}.yaml" for name in recipes]
    for file in files:
        file.write_text(RECIPES[file.stem], encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{service}"]
    checked = subprocess.run([*command, *files], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
