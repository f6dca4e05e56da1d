"""Hold what a learner has learnt as plain arrays, and apply it by numpy alone: linear maps, RBF kernels and trees.

Between the learners, which make maps, and the fitted pillar, which keeps and applies them. Inputs are blocks of one
fixed shape of scaled features; sums are made by einsum, which has no threads. So a row's number depends on that row
alone, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, Self, get_args

import numpy as np

from pbl.training.errors import FittedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Floats = NDArray[np.float64]
    Integers = NDArray[np.int32]

Link = Literal["identity", "sigmoid", "softmax", "shares"]
"""From a map's outputs to predictions: as they are; each a probability; classes; each a probability, then shares."""
LINKS: tuple[Link, ...] = get_args(Link)
MOST_SUPPORT = 100_000
MOST_TREES = 10_000
DEEPEST = 64
_STEEPEST = 500.0
_FLOAT32 = float(np.finfo(np.float32).max)


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A weighted sum of the features; a class that is not `present` has no chance."""

    kind: ClassVar[str] = "linear"
    dtypes: ClassVar[Mapping[str, str]] = {"coef": "<f8", "intercept": "<f8", "present": "|u1"}

    coef: Floats
    intercept: Floats
    present: NDArray[np.uint8]
    link: Link

    @classmethod
    def of(cls, coef: Floats, intercept: Floats, link: Link = "identity") -> Self:
        """Return the map in which every target is present."""
        return cls(coef=coef, intercept=intercept, present=np.ones(len(intercept), dtype=np.uint8), link=link)

    def arrays(self) -> dict[str, Array]:
        """Return the arrays it is made of."""
        return {"coef": self.coef, "intercept": self.intercept, "present": self.present}

    def apply(self, block: Floats) -> Floats:
        """Return rows x targets of rows x features."""
        outputs = np.einsum("ij,kj->ik", block, self._rows) + self.intercept
        return _apply_link(np.where(self.present, outputs, -np.inf) if self.link == "softmax" else outputs, self.link)

    def check(self, features: int, targets: int) -> None:
        """Raise FittedError unless the arrays fit."""
        _require(self.coef.shape == (features, targets), f"has {_describe_shape(self.coef)} coefficients")
        _require(self.intercept.shape == self.present.shape == (targets,), "has intercepts of another number")
        _require(bool(self.present.max() == 1), "has a class that is neither present nor absent")

    @cached_property
    def _rows(self) -> Floats:
        return np.ascontiguousarray(self.coef.T)


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """A weighted sum of exp(-gamma |x - s|^2) over support vectors s; `slope` and `offset` lead to a probability."""

    kind: ClassVar[str] = "kernel"
    dtypes: ClassVar[Mapping[str, str]] = {
        "support": "<f8",
        "dual": "<f8",
        "intercept": "<f8",
        "gamma": "<f8",
        "slope": "<f8",
        "offset": "<f8",
    }

    support: Floats
    dual: Floats
    intercept: Floats
    gamma: Floats
    slope: Floats
    offset: Floats
    link: Link

    def arrays(self) -> dict[str, Array]:
        """Return the arrays it is made of."""
        return {name: getattr(self, name) for name in self.dtypes}

    def apply(self, block: Floats) -> Floats:
        """Return rows x targets of rows x features."""
        squares = np.einsum("ij,ij->i", block, block)
        distances = squares[:, None] + self._squares - 2 * np.einsum("ij,kj->ik", block, self.support)
        kernel = np.exp(-self.gamma[0] * np.maximum(distances, 0.0))
        outputs = np.einsum("ij,kj->ik", kernel, self._rows) + self.intercept
        return _apply_link(outputs * self.slope + self.offset, self.link)

    def check(self, features: int, targets: int) -> None:
        """Raise FittedError unless the arrays fit."""
        count = len(self.support)
        _require(count <= MOST_SUPPORT, f"has {count:,} support vectors, more than {MOST_SUPPORT:,}")
        _require(self.support.shape == (count, features), f"has support vectors of {_describe_shape(self.support)}")
        _require(self.dual.shape == (count, targets), f"has {_describe_shape(self.dual)} dual coefficients")
        each = (self.intercept, self.slope, self.offset)
        _require(all(array.shape == (targets,) for array in each), "has intercepts of another number")
        _require(self.gamma.shape == (1,) and self.gamma[0] >= 0, "has no width of its kernel")
        _require(self.link != "softmax", "has a link that no kernel has")

    @cached_property
    def _rows(self) -> Floats:
        return np.ascontiguousarray(self.dual.T)

    @cached_property
    def _squares(self) -> Floats:
        return np.asarray(np.einsum("ij,ij->i", self.support, self.support))


@dataclass(frozen=True, kw_only=True)
class Forest:
    """The mean of trees. A node asks whether a feature is at most its threshold; a leaf's feature is -1.

    The nodes of tree k are `start[k]` to `start[k + 1]`, its root first, each node before its children. A leaf's `left`
    is its row in `value`; leaves are numbered in order.
    """

    kind: ClassVar[str] = "forest"
    dtypes: ClassVar[Mapping[str, str]] = {
        "start": "<i4",
        "feature": "<i4",
        "threshold": "<f8",
        "left": "<i4",
        "right": "<i4",
        "value": "<f8",
    }

    start: Integers
    feature: Integers
    threshold: Floats
    left: Integers
    right: Integers
    value: Floats
    link: Link = "identity"

    def arrays(self) -> dict[str, Array]:
        """Return the arrays it is made of."""
        return {name: getattr(self, name) for name in self.dtypes}

    def apply(self, block: Floats) -> Floats:
        """Return rows x targets of rows x features, compared in single precision as scikit-learn does."""
        single = np.clip(block, -_FLOAT32, _FLOAT32).astype(np.float32).ravel()
        rows, width = block.shape
        leaf = np.repeat(self.start[:-1], rows)  # a tree after the other: its nodes stay at hand
        asked, place, node = np.arange(len(leaf)), np.tile(np.arange(rows) * width, len(self.start) - 1), leaf
        while True:
            feature = self.feature.take(node)
            inner = feature >= 0
            asked, place, node, feature = asked[inner], place[inner], node[inner], feature[inner]
            if not len(node):
                break
            higher = single.take(place + feature) > self.threshold.take(node)
            node = self._children.take(2 * node + higher)
            leaf[asked] = node
        places = self.left.take(leaf).reshape(-1, rows)
        total = np.zeros((len(block), self.value.shape[1]))
        for row in places:
            total += self.value[row]
        return _apply_link(total / len(places), self.link)

    def check(self, features: int, targets: int) -> None:
        """Raise FittedError unless every tree is one: within its own nodes, without a circle, and not too deep."""
        count, trees = len(self.feature), len(self.start) - 1
        flat = (self.feature, self.threshold, self.left, self.right)
        _require(self.start.ndim == 1 and 1 <= trees <= MOST_TREES, "has no trees, or too many")
        _require(all(array.shape == (count,) for array in flat), "has trees whose nodes lack a part")
        whole = self.start[0] == 0 and self.start[-1] == count and (np.diff(self.start.astype(np.int64)) > 0).all()
        _require(bool(whole), "has a tree that leads out of itself")
        leaf = self.feature == -1
        _require(bool(((self.feature >= 0) | leaf).all() and (self.feature < features).all()), "has an unknown feature")
        _require(self.value.shape == (int(leaf.sum()), targets), f"has {_describe_shape(self.value)} leaf values")
        numbered = (self.left[leaf] == np.arange(leaf.sum())).all() and not self.right[leaf].any()
        _require(bool(numbered), "has a leaf without its value")
        _require(self.link == "identity", "has a link that no tree has")
        self._check_children(np.flatnonzero(~leaf))
        _require(self._depth <= DEEPEST, f"has a tree of more than {DEEPEST} levels")

    def _check_children(self, parents: NDArray[np.intp]) -> None:
        """Raise FittedError unless each node but the roots is the child of one earlier node of its tree."""
        ends = self.start[np.searchsorted(self.start, parents, side="right")]
        for child in (self.left[parents], self.right[parents]):
            _require(bool(((child > parents) & (child < ends)).all()), "has a tree that leads out of itself or back")
        often = np.bincount(np.concatenate([self.left[parents], self.right[parents]]), minlength=len(self.feature))
        often[self.start[:-1]] += 1
        _require(bool((often == 1).all()), "has a tree whose branches meet")

    @cached_property
    def _children(self) -> Integers:
        """Return the left and the right child of each node, one after the other."""
        return np.ravel(np.stack([self.left, self.right], axis=1))

    @cached_property
    def _depth(self) -> int:
        """Return the levels below the roots, no more than one too many."""
        level, nodes = 0, self.start[:-1]
        while level <= DEEPEST and len(nodes := nodes[self.feature[nodes] >= 0]):
            nodes = np.concatenate([self.left[nodes], self.right[nodes]])
            level += 1
        return level


Map = Linear | Kernel | Forest
"""What a learner has learnt."""

KINDS: dict[str, type[Map]] = {each.kind: each for each in (Linear, Kernel, Forest)}


def _apply_link(outputs: Floats, link: Link) -> Floats:
    if link == "identity":
        return outputs
    if link == "softmax":
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    chances = 1 / (1 + np.exp(-np.clip(outputs, -_STEEPEST, _STEEPEST)))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True)) if link == "shares" else chances


def _require(holds: bool, said: str) -> None:  # noqa: FBT001 - a condition and what is wrong without it
    if not holds:
        raise FittedError(said)


def _describe_shape(array: Array) -> str:
    return " x ".join(map(str, array.shape))
