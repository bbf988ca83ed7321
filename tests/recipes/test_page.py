"""Each recipe of the page is run, and written in the words of the service that it is for."""

from pathlib import Path

import pytest
from click.testing import CliRunner

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
    # Here, as each worker imports this file, and few of them run this test.
    from check_jsonschema import main

    checked = CliRunner().invoke(main, ["--builtin-schema", f"vendor.{service}", *map(str, files)])
    assert checked.exit_code == 0, checked.output
