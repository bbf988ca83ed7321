"""The recipes of the page beside this file, by the comment in front of each."""

import re
from pathlib import Path

_PAGE = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
_RECIPE = re.compile(r"<!-- recipe: ([a-z-]+) -->\n```\w+\n(.*?)```\n", re.DOTALL)

RECIPES = dict(_RECIPE.findall(_PAGE))
"""What stands on the page, as it stands there."""
