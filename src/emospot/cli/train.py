"""`emospot train` and `emospot evaluate`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emospot.cli.console import note, progress, say_json, table
from emospot.cli.model_options import MODEL_HELP, AllowDownload
from emospot.errors import UsageError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from emospot.training.results import EpochReport, SeedResult

_SHOWN = {
    "weighted_f1": "w-F1",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "mean_weighted_f1": "mean w-F1 of yes and no",
    "f1": "F1",
    "uar": "UAR",
    "mae": "MAE",
    "acc7": "Acc-7",
    "acc5": "Acc-5",
    "acc2_negative_nonnegative": "Acc-2 negative / non-negative",
    "f1_negative_nonnegative": "F1 negative / non-negative",
    "acc2_negative_positive": "Acc-2 negative / positive",
    "f1_negative_positive": "F1 negative / positive",
}


def train(
    store: Annotated[Path, typer.Argument(help="A store made by emospot corpus import.")],
    out: Annotated[Path, typer.Option(help="Folder of the run.")],
    config: Annotated[
        Path | None,
        typer.Option(
            help="YAML with sections model, training; or light: a smaller, faster model."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="section.key=value, e.g. model.width=64.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to train.")] = 1,
    first_seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    dev: Annotated[
        str | None, typer.Option(help="Dev conversations: stratified, or first (the first 10 %).")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on with an interrupted run.")] = False,
    devices: Annotated[
        int,
        typer.Option(min=1, help="Graphics cards (without any: processes) that share each batch."),
    ] = 1,
    nodes: Annotated[
        int, typer.Option(min=1, help="Machines; start the command on each, as torchrun does.")
    ] = 1,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a model; epoch and threshold are chosen on dev, the test split is never read.

    Example: emospot train STORE --out RUN --seeds 5

    Example: emospot train STORE --out RUN --devices 4
    """
    from emospot.config import load_config

    if devices * nodes > 1:
        # Before torch is there, which warns of what is on purpose (`training.spread`).
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    chosen = list(settings or [])
    if dev is not None:
        chosen.append(f"training.dev={dev}")
    configuration = load_config(config, chosen)
    from emospot.features.store import FeatureStore
    from emospot.training.fit import train as run_training
    from emospot.training.spread import Spread

    opened = FeatureStore.open(store)
    spread = Spread(devices, nodes)
    with progress(quiet=json_output or not spread.is_first) as bar:
        results = run_training(
            opened,
            out,
            configuration,
            seeds=range(first_seed, first_seed + seeds),
            resume=resume,
            on_epoch=_shown_in(bar),
            spread=spread,
        )
    if not spread.is_first:
        return
    if json_output:
        from dataclasses import asdict

        say_json([asdict(r) for r in results])
        return
    rows = [_row(result) for result in results]
    metric = f"dev {results[0].dev[0]}"
    columns = ["seed", metric, "epoch", "temperature", "unsure below", "seconds"]
    table(f"trained {out}", columns, rows)
    if "test" in opened.splits:
        note(f"next: emospot evaluate {out} {store}")
    else:
        note(
            "the store has no test split, so nothing says how right the model is elsewhere: "
            "import some conversations with split test"
        )


def _shown_in(bar: "Progress") -> Callable[["EpochReport"], None]:
    """What tells a progress bar of epochs, a line a seed."""
    lines: dict[int, TaskID] = {}

    def on_epoch(report: "EpochReport") -> None:
        if report.seed not in lines:
            lines[report.seed] = bar.add_task(f"seed {report.seed}", total=report.epochs)
        metric, value = report.dev
        bar.update(
            lines[report.seed],
            completed=report.epoch + 1,
            description=f"seed {report.seed}: loss {report.loss:.3f}"
            + ("" if value is None else f", dev {metric} {value:.3f}"),
        )

    return on_epoch


def _row(result: "SeedResult") -> list[str]:
    """What is shown of a trained seed."""
    return [
        str(result.seed),
        "-" if result.dev[1] is None else f"{result.dev[1]:.4f}",
        f"{result.epoch + 1} of {result.epochs_run}",
        f"{result.temperature:.2f}",
        f"{result.unsure_below:.2f}",
        f"{result.seconds:.0f}",
    ]


def evaluate(
    run: Annotated[
        str, typer.Argument(help=f"A run made by emospot train, or a model. {MODEL_HELP}")
    ],
    store: Annotated[Path, typer.Argument(help="A store with the features of the training.")],
    split: Annotated[str, typer.Option(help="test, dev or train.")] = "test",
    without: Annotated[
        list[str] | None, typer.Option(help="A modality to withhold, e.g. voice.")
    ] = None,
    allow_download: AllowDownload = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Score a run or a model on a split; writes evaluation.json into a run's folder.

    Example: emospot evaluate RUN STORE
    """
    from emospot.evaluation.run import evaluate_run, write_evaluation
    from emospot.features.store import FeatureStore

    folder = run_folder(run, allow_download=allow_download)
    name = Path(run).name
    evaluation = evaluate_run(folder, FeatureStore.open(store), split, without=without or ())
    written: Path | None = None
    if (folder / "run.json").is_file():
        parts = ["evaluation", *(f"without-{m}" for m in without or ())]
        written = folder / f"{'-'.join(parts)}.json"
        write_evaluation(evaluation, written)
    if json_output:
        say_json(evaluation.to_dict())
        return
    seeds = len(evaluation.seeds)
    rows = [
        # One seed has no spread.
        [_shown(name), f"{mean:.4f}", f"{evaluation.sd[name]:.4f}" if seeds > 1 else "–"]
        for name, mean in evaluation.mean.items()
    ]
    title = f"{name} on {split}: {seeds} {'seed' if seeds == 1 else 'seeds'}"
    if without:
        title += f", without {' and '.join(without)}"
    table(title, ["metric", "mean", "sd"], rows)
    if written is not None:
        note(f"written: {written}")


def run_folder(run: str, *, allow_download: bool = False) -> Path:
    """The folder of a run with all its seeds, or of a model by what it is called.

    Args:
        run: a folder, or what `analysis.models.model_folder` knows.
        allow_download: whether a model of Hugging Face may be fetched.

    Raises:
        UsageError: if it is not there.
        ModelError: if it is a model of Hugging Face that cannot be had.
    """
    from emospot.analysis.hub_models import hub_reference
    from emospot.analysis.models import known_models, model_folder

    known = known_models()
    if Path(run).is_dir() and run not in known:
        return Path(run)
    if run not in known and hub_reference(run) is None:
        raise UsageError(
            f"no run folder {run}: make one with emospot train STORE --out {run}, or choose one "
            f"of the models: {', '.join(known)}"
        )
    return model_folder(run, allow_download=allow_download)


def _shown(metric: str) -> str:
    """A metric's name for people: "f1:anger" is "F1 anger"."""
    return " ".join(_SHOWN.get(part, part.replace("_", " ")) for part in metric.split(":"))
