"""The methods of blending, by their names in flags, `pbl.toml` and recipes.

`blending.formula` has each one's SQL.
"""

from __future__ import annotations

from enum import StrEnum

from pbl.domain.errors import UsageError

_WRITTEN = "weighted-mean"
"""The name of the mean in recipes and logs."""


class Method(StrEnum):
    """How the pillars' numbers of a row become one."""

    MEAN = "mean"
    RANK = "rank"
    GEOMETRIC = "geometric"
    LOGIT = "logit"
    MEDIAN = "median"

    @property
    def written(self) -> str:
        """Return its name in a recipe."""
        return _WRITTEN if self is Method.MEAN else str(self)

    @property
    def same_everywhere(self) -> bool:
        """Say whether all machines give the same bytes; logarithms may differ in the last bit."""
        return self not in {Method.GEOMETRIC, Method.LOGIT}


def parse_method(text: str) -> Method:
    """Return the method of that name; raise UsageError for an unknown one."""
    try:
        return Method(text)
    except ValueError:
        raise UsageError(f"--method: {text!r} is not one of {', '.join(Method)}") from None


def method_of_recipe(text: str) -> Method:
    """Return the method that a recipe names; raise ValueError for an unknown one."""
    return Method.MEAN if text == _WRITTEN else Method(text)
