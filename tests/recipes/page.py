"""The recipes of docs/recipes.md, by the comment in front of each."""

import re

from tests.headless.conftest import PACKAGE_ROOT

_PAGE = (PACKAGE_ROOT / "docs/recipes.md").read_text(encoding="utf-8")
_RECIPE = re.compile(r"<!-- recipe: ([a-z-]+) -->\n```\w+\n(.*?)```\n", re.DOTALL)

RECIPES = dict(_RECIPE.findall(_PAGE))
"""What stands on the page, as it stands there."""
