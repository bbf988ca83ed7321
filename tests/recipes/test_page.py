"""No recipe is on the page that nothing runs."""

from pathlib import Path

from tests.recipes.page import RECIPES


def test_each_recipe_of_the_page_is_run() -> None:
    """By a test, or, as that of the image is, by ``.ci/run``."""
    runners = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py")]
    uses = {name: (f'["{name}"]', f'("{name}")') for name in RECIPES}
    assert uses
    assert [
        name for name, use in uses.items() if not any(it in text for text in runners for it in use)
    ] == []
