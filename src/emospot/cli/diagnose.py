"""`emospot diagnose`: what is wrong with a trained model, how sure that is, what to try."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emospot.cli.console import note, progress, say, say_json
from emospot.cli.model_options import MODEL_HELP, AllowDownload
from emospot.cli.train import run_folder
from emospot.errors import UsageError

if TYPE_CHECKING:
    from emospot.evaluation.diagnosis.diagnosis import Diagnosis
    from emospot.evaluation.diagnosis.findings import Finding

NAME = "diagnosis"


def diagnose(
    run: Annotated[
        str, typer.Argument(help=f"A run made by emospot train, or a model. {MODEL_HELP}")
    ],
    store: Annotated[Path, typer.Argument(help="A store with the features of the training.")],
    split: Annotated[str, typer.Option(help="test, dev or train.")] = "test",
    seed: Annotated[
        int | None, typer.Option(help="Which seed of the run; without it, the first.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of diagnosis.json and diagnosis.html; without it, the run's."),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=1, help="Shuffles of each part: more are steadier, and slower.")
    ] = 5,
    allow_download: AllowDownload = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the diagnosis as JSON.")
    ] = False,
) -> None:
    """Look into a trained model: collapsed gates, dead aligners, idle parts, errors.

    Every finding comes with its evidence, how sure it is, and what to try. The exit
    status is 0 whether or not problems are found.

    Example: emospot diagnose RUN STORE
    """
    from emospot.evaluation.diagnosis.diagnose import diagnose_run
    from emospot.evaluation.diagnosis.diagnosis import write_diagnosis
    from emospot.features.store import FeatureStore
    from emospot.report.diagnosis_page import write_diagnosis_page

    folder = run_folder(run, allow_download=allow_download)
    place = out or _place(folder, seed)
    with progress(quiet=json_output) as bar:
        task = bar.add_task("asking the model", total=1)
        found = diagnose_run(
            folder,
            FeatureStore.open(store),
            split,
            seed=seed,
            draws=draws,
            tell=lambda done, total: bar.update(task, completed=done, total=total),
        )
    write_diagnosis(found, place / f"{NAME}.json")
    write_diagnosis_page(found, place / f"{NAME}.html")
    if json_output:
        say_json(found.to_dict())
        return
    _tell(found)
    note(f"written: {place / NAME}.html, {place / NAME}.json")


def _place(folder: Path, seed: int | None) -> Path:
    """Where a diagnosis lies: in the run, or in the seed's part of it that is asked for."""
    if not (folder / "run.json").is_file():
        raise UsageError(f"{folder} is a model by itself: say where to write with --out DIR")
    return folder if seed is None else folder / f"seed-{seed}"


def _tell(found: "Diagnosis") -> None:
    """Print one line a finding."""
    others = f" (of {', '.join(map(str, found.seeds))})" if len(found.seeds) > 1 else ""
    say(
        f"{found.model}, seed {found.seed}{others}, on {found.split}: {found.utterances} "
        f"utterances of {found.conversations} conversations, {_score(found)}"
    )
    for finding in found.findings:
        say(line(finding))
    if found.left_out:
        say(f"not looked at: {'; '.join(f'{k} ({why})' for k, why in found.left_out.items())}")
    count = len(found.of("problem"))
    say(f"{count or 'no'} problem{'' if count == 1 else 's'}")


def _score(found: "Diagnosis") -> str:
    own = found.score
    if found.metric == "mae":
        return f"mean absolute error {own.value:.3f} ({own.low:.3f} to {own.high:.3f})"
    return f"w-F1 {100 * own.value:.1f} % ({100 * own.low:.1f} to {100 * own.high:.1f})"


def line(finding: "Finding") -> str:
    """A finding in one line.

    >>> from emospot.evaluation.diagnosis.findings import Finding
    >>> line(Finding("gate", "voice", "problem", "sure", "the gate of voice is shut", "other"))
    'problem (sure): the gate of voice is shut. Try: other'
    """
    text = f"{finding.severity} ({finding.certainty}): {finding.sentence}"
    return f"{text}. Try: {finding.advice}" if finding.advice else text
