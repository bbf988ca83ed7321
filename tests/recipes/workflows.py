"""Runs the jobs of a GitHub workflow as GitHub's runner does, as far as the recipes need it.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax: a step runs in
``bash -e``; behind one that has failed only those with ``if: always()`` run; ``${{ }}`` stands for
the value of an expression, in the environment of a step.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tests.recipes.conftest import Checkout, Ran, is_installed
from tests.recipes.page import RECIPES

# The checkout is there, and so are a Python and the program.
_PREPARING = {"actions/checkout@v4", "actions/setup-python@v5"}
_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")


def only_job(recipe: str) -> Mapping[str, Any]:
    """The one job of the workflow of a recipe."""
    (job,) = yaml.safe_load(RECIPES[recipe])["jobs"].values()
    return dict(job)


def run_job(
    job: Mapping[str, Any], checkout: Checkout, expressions: Mapping[str, str], **environ: str
) -> dict[str, Ran]:
    """Run the steps of a job; returns those that ran, by what they run.

    ``expressions`` has the value of each expression, ``environ`` what the runner sets.
    """
    ended: dict[str, Ran] = {}
    for step in job["steps"]:
        if "uses" in step:
            assert step["uses"] in _PREPARING
            continue
        if is_installed(step["run"]):
            continue
        assert step.get("if") in (None, "always()")
        if "if" in step or all(ran.code == 0 for ran in ended.values()):
            own = {name: _value(text, expressions) for name, text in step.get("env", {}).items()}
            ended[step["run"]] = checkout.run("bash", "-ec", step["run"], **environ, **own)
    return ended


def _value(text: str, expressions: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: expressions[found[1]], text)
