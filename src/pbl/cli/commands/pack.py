"""`pbl pack`: a dataset and a notebook for Kaggle.

`kaggle.pack` does the work; `show.pack` prints the outcome.
"""

from pathlib import Path
from typing import Annotated

import typer

from pbl.cli import absent, options
from pbl.cli.formats import OutcomeFormat
from pbl.domain.errors import UsageError

Dataset = Annotated[
    str, typer.Option("--dataset", metavar="OWNER/SLUG", help="What the dataset is, or will be, called on Kaggle.")
]
Competition = Annotated[
    str, typer.Option("--competition", metavar="SLUG", help="The competition, as in its address on Kaggle.")
]


def pack(
    ctx: typer.Context,
    dataset: Dataset,
    competition: Competition,
    paths: options.Paths = None,
    siglip: options.Siglip = None,
    dino: options.Dino = None,
    mvp: options.Mvp = None,
    dinov2: options.Dinov2 = None,
    weights: Annotated[
        list[str] | None,
        typer.Option("--weights", "-w", metavar="W...", help="0.6 0.2 0.1 0.1, or siglip=0.6,dino=0.4 for those only."),
    ] = None,
    per_target: options.PerTarget = False,
    reconcile: options.Reconcile = False,
    output: Annotated[str, typer.Option("--output", "-o", metavar="DIR", help="The folder to write.")] = "pack",
    title: Annotated[
        str | None, typer.Option("--title", metavar="T", help="The dataset's title; default: made of the slug.")
    ] = None,
    subtitle: Annotated[
        str | None, typer.Option("--subtitle", metavar="T", help="The dataset's subtitle, 20 to 80 characters.")
    ] = None,
    licence: Annotated[
        str, typer.Option("--license", metavar="NAME", help="The dataset's licence, as Kaggle spells it.")
    ] = "CC0-1.0",
    kernel: Annotated[
        str | None,
        typer.Option(
            "--kernel", metavar="OWNER/SLUG", help="The notebook; default: the dataset's name with -inference."
        ),
    ] = None,
    template: options.Template = None,
    wheels: Annotated[
        str | None,
        typer.Option("--wheels", metavar="DIR", help="Pack these wheels; default: made of what is installed."),
    ] = None,
    no_wheels: Annotated[bool, typer.Option("--no-wheels", help="Pack no wheels; Kaggle must have pbl then.")] = False,
    model_source: Annotated[
        list[str] | None,
        typer.Option(
            "--model-source",
            metavar="MODEL",
            help="A model on Kaggle for the notebook: OWNER/SLUG/FRAMEWORK/VARIATION/VERSION; may be repeated.",
        ),
    ] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="The notebook gets a GPU.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a folder that pbl didn't write or that was edited.")
    ] = False,
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="text|json", help="Text, or one JSON object.")
    ] = "text",
) -> None:
    """Pack checked files for Kaggle.

    Writes two flat folders: DIR/dataset has the files, DIR/notebook a notebook that blends them with the internet off.

    Shows the commands that upload both, and sends nothing itself. If a file has an error, nothing is written.
    OWNER/SLUG and SLUG may be addresses, such as https://www.kaggle.com/datasets/ann/my-pillars.

    Examples:
        pbl pack pillars/ --dataset ann/my-pillars --competition csiro-biomass
        pbl pack a.csv b.csv -w 0.7 0.3 --dataset ann/mine --competition digits
    """
    from pbl.cli.show.pack import tell_pack, write_pack
    from pbl.cli.show.weights import tell_target_weights, tell_weights
    from pbl.domain.weights import parse_weights
    from pbl.kaggle import names as rules

    as_json = options.choice(OutcomeFormat, format, "--format") is OutcomeFormat.JSON
    ref = rules.parse_dataset(dataset, "--dataset")
    folder = options.path(wheels, "--wheels")
    if folder is not None and no_wheels:
        raise UsageError("--wheels and --no-wheels contradict each other")

    from pbl.blending.plan import plan_blend
    from pbl.kaggle.pack import pack as make_pack
    from pbl.kaggle.wheels import build_wheels, read_wheels

    label = rules.Label(
        dataset=ref,
        title=rules.check_title(rules.make_title(ref.slug) if title is None else title, ref.slug, "--title"),
        subtitle=rules.check_subtitle(subtitle, "--subtitle"),
        licence=rules.check_licence(licence, "--license"),
        kernel=rules.name_notebook(ref) if kernel is None else rules.parse_notebook(kernel, "--kernel"),
        competition=rules.parse_competition(competition, "--competition"),
        models=tuple(dict.fromkeys(rules.parse_model(each, "--model-source") for each in model_source or [])),
        gpu=gpu,
    )
    files = {"siglip": siglip, "dino": dino, "mvp": mvp, "dinov2": dinov2}
    options.bare_weights_fit(files, ctx.meta["pbl.flags"], weights or [])
    selection = options.selection(ctx, paths, template=template, pillars_dir=None, weights=weights, **files)
    options.tell_left(selection)
    _check_fitted([entry.fitted for entry in selection.settings.pillars if entry.fitted])
    plan = plan_blend(
        selection, weights=parse_weights(weights or [], selection), reconcile=reconcile, per_target=per_target
    )
    made = make_pack(
        plan.selection,
        plan.weighing,
        label,
        output=options.path(output, "--output") or Path("pack"),
        wheels=() if no_wheels else build_wheels() if folder is None else read_wheels(folder),
        here=Path.cwd(),
        per_target=per_target,
        reconcile=reconcile,
        force=force,
    )
    if as_json:
        write_pack(made)
        return
    tell_weights(plan.selection, plan.weighing, width=10)
    tell_target_weights(plan.weights_by_target)
    tell_pack(made)


def _check_fitted(paths: list[Path]) -> None:
    """Raise FindingsError for a file that is no fitted pillar: the notebook would find out on Kaggle only."""
    if not paths:
        return
    absent.show("numpy")
    from pbl.domain.extras import require_numpy
    from pbl.training.fitted_file import read_fitted

    require_numpy("pbl pack of a fitted pillar")
    for path in paths:
        read_fitted(path)
