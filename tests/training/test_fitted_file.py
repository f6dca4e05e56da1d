from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from pbl.domain.errors import FindingsError, InputError
from pbl.training._maps import Forest, Kernel, Linear
from pbl.training._npz import pack, unpack
from pbl.training.errors import FittedError
from pbl.training.features import Column, Source
from pbl.training.fitted import Fitted, Form, Learner, Scaling
from pbl.training.fitted_file import decode, encode, read_fitted

RNG = np.random.default_rng(0)
FOREST = Forest(
    start=np.array([0, 5, 6], dtype=np.int32),
    feature=np.array([0, 1, -1, -1, -1, -1], dtype=np.int32),
    threshold=np.array([0.0, 0.5, 0.0, 0.0, 0.0, 0.0]),
    left=np.array([1, 2, 0, 1, 2, 3], dtype=np.int32),
    right=np.array([4, 3, 0, 0, 0, 0], dtype=np.int32),
    value=np.arange(8.0).reshape(4, 2),
)


def _fitted(forest=FOREST):
    kernel = Kernel(
        support=RNG.normal(size=(4, 3)),
        dual=RNG.normal(size=(4, 2)),
        intercept=np.zeros(2),
        gamma=np.array([0.3]),
        slope=np.ones(2),
        offset=np.zeros(2),
        link="identity",
    )
    linear = Linear.of(RNG.normal(size=(3, 2)), np.array([1.0, 2.0]))
    return Fitted(
        pillar="siglip",
        task="regression",
        form=Form(id="sample_id", columns=("target",), separator="__"),
        targets=("a", "b"),
        sources=(Source(columns=(Column(name="embedding", width=2), Column(name="height", width=1))),),
        scaling=Scaling(mean=np.zeros(3), factor=np.ones(3)),
        learners=(
            Learner(name="ridge", weight=0.5, map=linear),
            Learner(name="svr", weight=0.25, map=kernel),
            Learner(name="extra_trees", weight=0.25, map=forest),
        ),
        versions={"numpy": "2.0"},
    )


FITTED = _fitted()


def _changed(**changes):
    """The file with other arrays, whose description and checksums fit them."""
    arrays = {name: array for name, array in unpack(encode(FITTED)).items() if name != "meta"} | changes
    learners = tuple(
        replace(
            each,
            map=type(each.map)(link=each.map.link, **{n: arrays[f"{each.name}_{n}"] for n in each.map.dtypes}),
        )
        for each in FITTED.learners
    )
    scaling = Scaling(mean=arrays["x_mean"], factor=arrays["x_factor"])
    return encode(replace(FITTED, learners=learners, scaling=scaling))


def _described(change):
    """The file with another description."""
    arrays = unpack(encode(FITTED))
    meta = json.loads(arrays["meta"].tobytes())
    change(meta)
    text = json.dumps(meta, separators=(",", ":"), sort_keys=True).encode()
    return pack(arrays | {"meta": np.frombuffer(text, dtype=np.uint8)})


def test_a_fitted_pillar_reads_back_and_predicts_the_same():
    data = encode(FITTED)
    found = decode(data)
    assert encode(found) == data
    x = RNG.normal(size=(10, 3))
    assert (found.predict(x) == FITTED.predict(x)).all()


def test_the_unchanged_parts_of_these_tests_are_taken():
    assert decode(_changed()) is not None
    assert decode(_described(lambda _: None)) is not None


def _with(array, at, value):
    array = np.array(array)
    array[at] = value
    return array


@pytest.mark.parametrize(
    "changes",
    {
        "left to itself": {"extra_trees_left": _with(FOREST.left, 0, 0)},
        "right to the root": {"extra_trees_right": _with(FOREST.right, 1, 0)},
        "branches that meet": {"extra_trees_right": _with(FOREST.right, 1, 4)},
        "out of the tree": {"extra_trees_right": _with(FOREST.right, 0, 5)},
        "out of all trees": {"extra_trees_right": _with(FOREST.right, 0, 2_000_000_000)},
        "before all trees": {"extra_trees_left": _with(FOREST.left, 0, -1)},
        "an unknown feature": {"extra_trees_feature": _with(FOREST.feature, 0, 3)},
        "a feature below none": {"extra_trees_feature": _with(FOREST.feature, 0, -2)},
        "a leaf without its value": {"extra_trees_left": _with(FOREST.left, 5, 4)},
        "trees that overlap": {"extra_trees_start": np.array([0, 5, 5, 6], dtype=np.int32)},
        "trees that end early": {"extra_trees_start": np.array([0, 5], dtype=np.int32)},
        "starts that wrap around": {"extra_trees_start": np.array([0, 2**31 - 1, -(2**31), -1, 6], dtype=np.int32)},
        "no trees": {"extra_trees_start": np.array([0], dtype=np.int32)},
        "too few values": {"extra_trees_value": np.zeros((3, 2))},
        "values of other targets": {"extra_trees_value": np.zeros((4, 3))},
        "nodes that lack a part": {"extra_trees_threshold": np.zeros(5)},
        "a threshold that is no number": {"extra_trees_threshold": _with(FOREST.threshold, 0, np.nan)},
        "coefficients of other features": {"ridge_coef": np.zeros((4, 2))},
        "a coefficient that is infinite": {"ridge_coef": np.full((3, 2), np.inf)},
        "a class half present": {"ridge_present": np.array([1, 2], dtype=np.uint8)},
        "support of other features": {"svr_support": np.zeros((4, 2))},
        "support without coefficients": {"svr_support": np.zeros((5, 3))},
        "a kernel of two widths": {"svr_gamma": np.zeros(2)},
        "scaling of other features": {"x_mean": np.zeros(4)},
        "whole numbers for real ones": {"x_mean": np.zeros(3, dtype=np.int32)},
    }.items(),
    ids=lambda case: case[0],
)
def test_arrays_that_do_not_fit_are_refused(changes):
    with pytest.raises(FittedError):
        decode(_changed(**changes[1]))


def test_a_leaf_that_two_branches_share_is_refused():
    shared = Forest(
        start=np.array([0, 2, 3], dtype=np.int32),
        feature=np.array([0, -1, -1], dtype=np.int32),
        threshold=np.zeros(3),
        left=np.array([1, 0, 1], dtype=np.int32),
        right=np.array([1, 0, 0], dtype=np.int32),
        value=np.zeros((2, 2)),
    )
    with pytest.raises(FittedError, match="meet"):
        decode(encode(_fitted(shared)))


def test_a_tree_that_is_too_deep_is_refused():
    depth = 70
    feature = np.array([0, -1] * depth + [-1], dtype=np.int32)
    inner = np.arange(0, 2 * depth, 2)
    left, right = np.zeros((2, 2 * depth + 1), dtype=np.int32)
    left[inner], right[inner] = inner + 1, inner + 2
    left[feature < 0] = np.arange(depth + 1)
    deep = Forest(
        start=np.array([0, 2 * depth + 1], dtype=np.int32),
        feature=feature,
        threshold=np.zeros(2 * depth + 1),
        left=left,
        right=right,
        value=np.zeros((depth + 1, 2)),
    )
    with pytest.raises(FittedError, match="levels"):
        decode(encode(_fitted(deep)))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(schema_version=2),
        lambda m: m.update(schema_version=[]),
        lambda m: m.update(task="other"),
        lambda m: m.update(pillar=["siglip"]),
        lambda m: m.update(more=1),
        lambda m: m.pop("targets"),
        lambda m: m.update(targets="ab"),
        lambda m: m.update(targets=["a", "a"]),
        lambda m: m.update(targets=["a"]),
        lambda m: m.update(features=[]),
        lambda m: m["features"][0]["columns"][0].update(width=3),
        lambda m: m["features"][0]["columns"][0].update(width=-1),
        lambda m: m["learners"].pop(),
        lambda m: m["learners"].append(m["learners"][0]),
        lambda m: m["learners"][0].update(weight=0.9),
        lambda m: m["learners"][0].update(weight=-0.5),
        lambda m: m["learners"][0].update(kind="forest"),
        lambda m: m["learners"][0].update(kind="os.system"),
        lambda m: m["learners"][0].update(link="exec"),
        lambda m: m["learners"][2].update(link="softmax"),
        lambda m: m["learners"][0].update(name="x"),
        lambda m: m["arrays"].update(x_mean="0" * 64),
        lambda m: m["form"].update(separator=None),
        lambda m: m.clear(),
    ],
)
def test_another_description_is_refused(change):
    with pytest.raises(FittedError):
        decode(_described(change))


@pytest.mark.parametrize("text", [b"", b"[]", b"1", b"null", b"[" * 100_000, b'{"a":NaN}', b"\xff", b"9" * 10_000])
def test_a_description_that_is_no_such_json_is_refused(text):
    arrays = unpack(encode(FITTED))
    with pytest.raises(FittedError):
        decode(pack(arrays | {"meta": np.frombuffer(text, dtype=np.uint8)}))


def test_a_number_that_flips_under_a_right_checksum_is_refused():
    arrays = unpack(encode(FITTED))
    with pytest.raises(FittedError, match="damaged"):
        decode(pack(arrays | {"ridge_intercept": np.array([1.0, 3.0])}))


def test_a_prediction_that_is_not_finite_is_refused():
    huge = decode(_changed(ridge_coef=np.full((3, 2), 1e308)))
    with pytest.raises(FittedError, match="finite"):
        huge.predict(np.full((1, 3), 1e10))


class _Trap:
    def __reduce__(self):
        return (print, ("run!",))


def test_a_pickle_is_a_finding_and_nothing_runs(tmp_path, capsys):
    path = tmp_path / "p.npz"
    path.write_bytes(pickle.dumps(_Trap()))
    with pytest.raises(FindingsError) as caught:
        read_fitted(path)
    (found,) = caught.value.report.findings
    assert (found.code, found.file, caught.value.exit_code) == ("PBL821", str(path), 1)
    np.savez(path, meta=np.array([_Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(FindingsError):
        read_fitted(path)
    assert capsys.readouterr().out == ""
    with pytest.raises(InputError):
        read_fitted(tmp_path / "none.npz")


def test_predicting_loads_neither_scikit_learn_nor_scipy(tmp_path):
    path = tmp_path / "p.npz"
    path.write_bytes(encode(FITTED))
    code = (
        "import sys, numpy, pathlib\n"
        "from pbl.training import fitted_file, predict\n"
        f"found = fitted_file.read_fitted(pathlib.Path({str(path)!r}))\n"
        "print(found.predict(numpy.ones((1, 3))).tolist())\n"
        "assert not {'sklearn', 'scipy', 'torch', 'threadpoolctl', 'pickle5'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == FITTED.predict(np.ones((1, 3))).tolist()
