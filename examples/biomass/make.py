# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "scikit-learn"]
# ///
"""Train four small models for real, and write what they predict as four pillars.

scikit-learn's handwritten digits stand in for the pasture photos: an image's ink is its biomass.
Clover grows in the left two columns of an image, green grass in the middle three, dead grass in
the right three. Mass grows with the square of the ink, which gives the long tail of real plots.

No model sees the image that was weighed. Each sees its own spoilt view of it, so all of them err,
and each in its own way. The writers copied digits from a form: the labels run through one sequence
fourteen times, a sheet each. Images of a sheet have much in common, so folds hold out whole sheets,
and the test images are of sheets that no model has seen.

Run `python examples/biomass/make.py`. With the same library versions it writes the same bytes.
"""

import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingRegressor, GradientBoostingRegressor, StackingRegressor
from sklearn.kernel_approximation import Nystroem
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics import r2_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import GaussianRandomProjection

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HERE = Path(__file__).resolve().parent

PREDICTION = ("sample_id", "target")
TARGETS = ("Dry_Green_g", "Dry_Dead_g", "Dry_Clover_g", "GDM_g", "Dry_Total_g")
METRIC_WEIGHTS = (0.1, 0.1, 0.1, 0.2, 0.5)
PILLAR_SHARES = {"siglip": 0.6, "dino": 0.2, "mvp": 0.1, "dinov2": 0.1}

# Of each measured part: the columns it grows in, and the grams of an average strip's ink.
STRIPS = ((slice(2, 5), 25.0), (slice(5, 8), 10.0), (slice(0, 2), 3.0))
DECIMALS = 4

BLACK = 16.0
BLUR = 2.0
FLIPPED = 0.05

# The images at which the labels begin their sequence anew: twice 0 to 9, then 0 9 5 5 6 5 ...
SHEET_STARTS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667)

TRAIN_SHEETS = 10
TRAIN_IMAGES = 357
TEST_IMAGES = 200
FOLDS = 5
BROKEN_IMAGES = 40
SEEDS = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Plots:
    """Hold images and what is known of them; `grams` has a row an image and a column a target."""

    digits_row: Ints
    sheet: Ints
    name: tuple[str, ...]
    pixels: Floats
    grams: Floats

    def __len__(self) -> int:
        """Count the images."""
        return len(self.name)

    @property
    def fold(self) -> Ints:
        """Put whole sheets into folds."""
        return self.sheet % FOLDS

    def pick(self, rows: Ints) -> "Plots":
        """Take the images at these positions."""
        return Plots(
            digits_row=self.digits_row[rows],
            sheet=self.sheet[rows],
            name=tuple(self.name[row] for row in rows),
            pixels=self.pixels[rows],
            grams=self.grams[rows],
        )


class Model(Protocol):
    """Name what is asked of scikit-learn's regressors."""

    def fit(self, seen: Floats, grams: Floats, /) -> Self:
        """Train on views of images and what they weigh."""
        ...

    def predict(self, unseen: Floats, /) -> Floats:
        """Predict what other images weigh."""
        ...


def main() -> None:
    """Make every file of this folder but itself and the README, and print the scores."""
    train, test = split(weigh_digits())

    oof: dict[str, Floats] = {}
    submitted: dict[str, Floats] = {}
    for pillar, model in pillar_models().items():
        seen, unseen = look(pillar, train), look(pillar, test)
        oof[pillar] = out_of_fold(model, seen, train)
        submitted[pillar] = predict(model, seen, train.grams, unseen)

    write_pillars(HERE / "pillars", train, test, oof, submitted)
    write_scores(HERE / "scores_siglip.csv", train, oof["siglip"])
    first = np.arange(BROKEN_IMAGES)
    few = {pillar: grams[first] for pillar, grams in submitted.items()}
    write_broken(HERE / "broken", test.pick(first), few)
    print_scores(train, test, oof, submitted)


def weigh_digits() -> Plots:
    """Load the digits and give each image its sheet, its name and its five masses."""
    digits = load_digits()
    ink = np.stack([digits.images[:, :, columns].sum(axis=(1, 2)) for columns, _ in STRIPS], axis=1)
    grams = np.array([grams for _, grams in STRIPS]) * (ink / ink.mean(axis=0)) ** 2
    return Plots(
        digits_row=np.arange(len(ink)),
        sheet=np.searchsorted(SHEET_STARTS, np.arange(len(ink)), side="right") - 1,
        name=tuple(image_name(image) for image in digits.images),
        pixels=digits.images,
        grams=with_sums(grams),
    )


def image_name(image: Floats) -> str:
    """Name an image by its pixels, in the form of the competition's names."""
    digest = hashlib.sha256(image.astype(np.uint8).tobytes()).digest()
    return f"ID{int.from_bytes(digest[:4])}"


def with_sums(parts: Floats) -> Floats:
    """Put GDM (green + clover) and the total (GDM + dead) beside green, dead and clover."""
    green, dead, clover = parts.round(DECIMALS).T
    gdm = green + clover
    # Adding 0.0 turns -0.0 into 0.0.
    return np.stack([green, dead, clover, gdm, gdm + dead], axis=1).round(DECIMALS) + 0.0


def split(plots: Plots) -> tuple[Plots, Plots]:
    """Draw the training images from the first ten sheets and the test images from the last four."""
    draw = np.random.default_rng(2026)
    early = np.flatnonzero(plots.sheet < TRAIN_SHEETS)
    late = np.flatnonzero(plots.sheet >= TRAIN_SHEETS)
    return (
        plots.pick(np.sort(draw.choice(early, TRAIN_IMAGES, replace=False))),
        plots.pick(np.sort(draw.choice(late, TEST_IMAGES, replace=False))),
    )


def look(pillar: str, plots: Plots) -> Floats:
    """Give a pillar's own view of the images, a row an image."""
    return np.array([view(pillar, row, image) for row, image in zip(plots.digits_row, plots.pixels, strict=True)])


def view(pillar: str, row: int, image: Floats) -> Floats:
    """Spoil one image in its pillar's way: coarse, with a hole, in black and white, or levelled."""
    # Seeded by image, so that a view does not depend on which other images were drawn.
    noise = np.random.default_rng([list(PILLAR_SHARES).index(pillar), row])
    if pillar == "siglip":
        coarse: Floats = image.reshape(4, 2, 4, 2).mean(axis=(1, 3))
        return (coarse + noise.normal(0.0, BLUR, coarse.shape)).ravel()
    if pillar == "dino":
        top, left = noise.integers(0, 6, 2)
        holed = image + noise.normal(0.0, BLUR, image.shape)
        holed[top : top + 3, left : left + 3] = 0.0
        return holed.ravel()
    if pillar == "mvp":
        flipped = noise.random(image.shape) < FLIPPED
        return np.where(flipped, image < BLACK / 2, image >= BLACK / 2).astype(np.float64).ravel()
    flat: Floats = (image - image.mean()) / image.std()
    return (flat + noise.normal(0.0, 0.3, image.shape)).ravel()


def pillar_models() -> dict[str, Model]:
    """List the models: a stack, bagged linear ones, neighbours, kernels on an embedding."""
    stack = StackingRegressor(list(siglip_models().items()), final_estimator=RidgeCV(np.logspace(-1, 4, 11)))
    return {
        "siglip": MultiOutputRegressor(stack),
        "dino": BaggingRegressor(Ridge(300.0), n_estimators=10, random_state=0),
        # Black-and-white views are often equally far; a tree on whole-number distances keeps
        # rounding from choosing between them.
        "mvp": KNeighborsRegressor(9, weights="distance", algorithm="kd_tree", p=1),
        "dinov2": make_pipeline(
            PCA(24, random_state=0),
            StandardScaler(),
            KernelRidge(alpha=1.0, kernel="rbf", gamma=0.01),
        ),
    }


def siglip_models() -> dict[str, Model]:
    """List the regressors under siglip's stack: three kinds, three seeds each."""
    models: dict[str, Model] = {}
    for seed in SEEDS:
        boosting = GradientBoostingRegressor(n_estimators=80, max_depth=2, subsample=0.5, random_state=seed)
        landmarks = Nystroem(gamma=0.02, n_components=60, random_state=seed)
        projection = GaussianRandomProjection(12, random_state=seed)
        models[f"gbr_seed{seed}"] = boosting
        models[f"nystroem_seed{seed}"] = make_pipeline(StandardScaler(), landmarks, Ridge(0.3))
        models[f"ridge_seed{seed}"] = make_pipeline(projection, Ridge(10.0))
    return models


def out_of_fold(model: Model, seen: Floats, train: Plots) -> Floats:
    """Predict each fold's images by a model that was trained on the other folds."""
    predicted = np.empty_like(train.grams)
    for fold in np.unique(train.fold):
        out = train.fold == fold
        predicted[out] = predict(model, seen[~out], train.grams[~out], seen[out])
    return predicted


def predict(model: Model, seen: Floats, grams: Floats, unseen: Floats) -> Floats:
    """Train afresh on green, dead and clover, predict them, and add up the other two targets."""
    fresh: Model = clone(model)
    fitted = fresh.fit(seen, grams[:, : len(STRIPS)])
    return with_sums(fitted.predict(unseen))


def write_pillars(
    folder: Path,
    train: Plots,
    test: Plots,
    oof: dict[str, Floats],
    submitted: dict[str, Floats],
) -> None:
    """Write predictions, template and labels into the folder that `pbl` is pointed at."""
    for pillar in PILLAR_SHARES:
        write_table(
            folder / f"oof_{pillar}.csv",
            PREDICTION,
            prediction_rows(pillar, train.name, oof[pillar]),
        )
        write_table(
            folder / f"submission_{pillar}.csv",
            PREDICTION,
            prediction_rows(pillar, test.name, submitted[pillar]),
        )
    write_table(folder / "sample_submission.csv", PREDICTION, template_rows(test.name))
    write_table(
        folder / "train.csv",
        ("sample_id", "digits_row", "sheet", "fold", "target_name", "target"),
        label_rows(train, train.digits_row, train.sheet, train.fold),
    )
    write_table(
        folder / "truth.csv",
        ("sample_id", "digits_row", "sheet", "target_name", "target"),
        label_rows(test, test.digits_row, test.sheet),
    )


def prediction_rows(pillar: str, names: Sequence[str], grams: Floats) -> list[list[str]]:
    """Order a pillar's rows as it exports them: by image, target or id, or in no order at all."""
    rows = [
        [f"{name}__{target}", number(mass)]
        for name, masses in zip(names, grams, strict=True)
        for target, mass in zip(TARGETS, masses, strict=True)
    ]
    if pillar == "dino":
        return [row for first in range(len(TARGETS)) for row in rows[first :: len(TARGETS)]]
    if pillar == "mvp":
        return sorted(rows)
    if pillar == "dinov2":
        return [rows[row] for row in np.random.default_rng(4).permutation(len(rows))]
    return rows


def template_rows(names: Sequence[str]) -> list[list[str]]:
    """List the ids that the submission must have, image by image, targets by name."""
    return [[f"{name}__{target}", number(0.0)] for name in names for target in sorted(TARGETS)]


def label_rows(plots: Plots, *known: Ints) -> list[list[str]]:
    """List the masses of all images, image by image, targets by name."""
    rows: list[list[str]] = []
    for name, masses, *facts in zip(plots.name, plots.grams, *known, strict=True):
        mass = dict(zip(TARGETS, masses, strict=True))
        for target in sorted(TARGETS):
            sample = f"{name}__{target}"
            rows.append([sample, *map(str, facts), target, number(mass[target])])
    return rows


def write_scores(path: Path, train: Plots, stacked: Floats) -> None:
    """Write the out-of-fold scores of siglip's stack and of each regressor under it."""
    seen = look("siglip", train)
    models = {name: MultiOutputRegressor(model) for name, model in siglip_models().items()}
    predicted = {name: out_of_fold(model, seen, train) for name, model in models.items()}
    rows = [
        ["siglip", name, *(number(score(train.grams, kind)) for kind in (processed(grams), grams))]
        for name, grams in {**predicted, "stack": stacked}.items()
    ]
    write_table(path, ("pillar", "model", "processed_cv", "full_cv"), rows)


def processed(grams: Floats) -> Floats:
    """Clip green, dead and clover at 0 and add up the other two targets again."""
    return with_sums(np.maximum(grams[:, : len(STRIPS)], 0.0))


def score(truth: Floats, predicted: Floats) -> float:
    """Score by the competition's metric: one R2 over all rows, weighted by their targets."""
    weights = np.tile(METRIC_WEIGHTS, len(truth))
    return float(r2_score(truth.ravel(), predicted.ravel(), sample_weight=weights))


def write_broken(folder: Path, test: Plots, submitted: dict[str, Floats]) -> None:
    """Write the first images' predictions again, with faults in every file but siglip's."""
    rows = {pillar: prediction_rows(pillar, test.name, submitted[pillar]) for pillar in PILLAR_SHARES}
    rows["dino"][16][1] = "nan"
    rows["dino"][103][1] = "#VALUE!"
    del rows["mvp"][57]
    rows["dinov2"] = [[sample, mass.replace(".", ",")] for sample, mass in rows["dinov2"]]

    write_table(folder / "sample_submission.csv", PREDICTION, template_rows(test.name))
    for pillar, cells in rows.items():
        delimiter = ";" if pillar == "dinov2" else ","
        write_table(folder / f"submission_{pillar}.csv", PREDICTION, cells, delimiter=delimiter)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter: str = ",") -> None:
    """Write one CSV file; no cell here needs a quote."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [delimiter.join(cells) for cells in (header, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def number(value: float) -> str:
    """Write a number with at most six decimals."""
    return repr(round(float(value), 6))


def print_scores(train: Plots, test: Plots, oof: dict[str, Floats], submitted: dict[str, Floats]) -> None:
    """Print the README's table: what the folds promise and what the test labels say."""
    means = train.grams.mean(axis=0)
    lines = {pillar: (oof[pillar], submitted[pillar]) for pillar in PILLAR_SHARES}
    lines["blend"] = (blend(oof), blend(submitted))
    lines["blend, clipped at 0"] = (np.maximum(blend(oof), 0.0), np.maximum(blend(submitted), 0.0))
    lines["training means"] = (np.tile(means, (len(train), 1)), np.tile(means, (len(test), 1)))

    table = ["| prediction | out of fold | test |", "|---|---|---|"]
    for name, (promised, kept) in lines.items():
        table.append(f"| {name} | {score(train.grams, promised):.6f} | {score(test.grams, kept):.6f} |")
    below = int((blend(submitted) < 0).sum())
    table.append(f"\nRows of the blend below 0 before the clip: {below} of {test.grams.size}.")
    sys.stdout.write("\n".join(table) + "\n")


def blend(predicted: dict[str, Floats]) -> Floats:
    """Add the pillars up by their shares."""
    parts = [share * predicted[pillar] for pillar, share in PILLAR_SHARES.items()]
    blended: Floats = np.sum(parts, axis=0)
    return blended


if __name__ == "__main__":
    main()
