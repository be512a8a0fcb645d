"""`emospot experiment`: run a study, run one again and compare, publish or list them."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emospot.cli.console import note, progress, say, say_json
from emospot.errors import EmospotError, UsageError

if TYPE_CHECKING:
    from emospot.experiments.results import Repetition
    from emospot.experiments.runner import Outcome
    from emospot.experiments.study import Study

REPEAT = "repeat"
PUBLISH = "publish"
PAGES = ("curves.html", "gains.html", "figures.html")
"""To be looked at, of a study that has run; not every study makes all."""


def experiment(
    study: Annotated[
        str | None,
        typer.Argument(
            help="A study's YAML file, the name of a shipped one, repeat or publish; without "
            "it the shipped ones are listed."
        ),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Argument(
            help="With repeat: the results.json to run again; with publish: the study's folder."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the study; without it, one of its name here."),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes at once; 0: one a core.")] = 0,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Seeds a model, instead of the study's.")
    ] = None,
    known: Annotated[
        list[Path] | None,
        typer.Option(
            help="A results.json whose runs are taken over, not made again, where data and "
            "configuration are the same."
        ),
    ] = None,
    docs: Annotated[Path, typer.Option(help="With publish: folder of the documentation.")] = Path(
        "docs"
    ),
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run a study: corpora × models × seeds, one protocol, with significance.

    Goes on where it stopped when it is called again with the same --out. Corpora are
    looked for in the folder that EMOSPOT_DATA names. The exit status is 1 where runs
    failed, or where a repetition gave other figures.

    Example: emospot experiment smoke --out OUT

    Example: emospot experiment mine.yaml --known RESULTS.json --out OUT

    Example: emospot experiment repeat OUT/results.json --out AGAIN

    Example: emospot experiment publish OUT --docs docs
    """
    if study is None:
        _list(json_output=json_output)
        return
    if known and study in (REPEAT, PUBLISH):
        raise UsageError(f"--known is for a study that is run, not for {study}")
    if study == REPEAT:
        _repeat(results, out, workers, json_output=json_output)
        return
    if study == PUBLISH:
        _publish(results, docs)
        return
    if results is not None:
        raise UsageError(f'unexpected "{results}": one study a call')
    from emospot.experiments.study import load_study

    loaded = load_study(study)
    if seeds is not None:
        loaded = loaded.model_copy(update={"seeds": seeds})
    folder = out or Path(Path(study).stem)
    outcome = _run(loaded, folder, workers, known or (), quiet=json_output)
    if json_output:
        say_json(json.loads((folder / "results.json").read_text(encoding="utf-8")))
    else:
        say((folder / "table.md").read_text(encoding="utf-8"))
        pages = [page for page in PAGES if (folder / page).is_file()]
        note(f"written: {folder}/results.json, table.md, {', '.join(pages)}")
    _complain(outcome)


def _list(*, json_output: bool) -> None:
    from emospot.experiments.study import load_study, shipped_studies

    titles = {name: load_study(name).title for name in shipped_studies()}
    if json_output:
        say_json(titles)
        return
    width = max(len(name) for name in titles)
    for name, title in titles.items():
        say(f"{name:{width}}  {title}")
    note("Run one: emospot experiment NAME --out OUT")


def _run(
    study: "Study", out: Path, workers: int, known: Sequence[Path] = (), *, quiet: bool
) -> "Outcome":
    from emospot.experiments.known_runs import known_runs
    from emospot.experiments.results import write_results
    from emospot.experiments.runner import KNOWN, Progress, run_study

    runs = known_runs(known)
    with progress(quiet=quiet) as bar:
        tasks: dict[str, object] = {}

        def tell(now: Progress) -> None:
            if now.notice:
                note(now.notice if now.stage == KNOWN else f"warning: {now.notice}")
                return
            if now.stage not in tasks:
                tasks[now.stage] = bar.add_task(now.stage, total=now.total)
            bar.update(
                tasks[now.stage],  # type: ignore[arg-type]
                completed=now.done,
                total=now.total,
            )
            if now.error and now.last is not None:
                note(f"failed: {now.last.id}: {now.error}")

        processes = workers or os.cpu_count() or 1
        outcome = run_study(study, out, workers=processes, known=runs, tell=tell)

        def tell_ceiling(corpus: str, done: int, total: int) -> None:
            name = f"ceiling of {corpus}"
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)  # type: ignore[arg-type]

        write_results(study, outcome, out, tell_ceiling)
    return outcome


def _complain(outcome: "Outcome") -> None:
    if outcome.failed:
        raise EmospotError(
            f"{len(outcome.failed)} of {len(outcome.failed) + len(outcome.results)} runs failed; "
            "the others are kept: run the same command again to try them anew"
        )


def _repeat(results: Path | None, out: Path | None, workers: int, *, json_output: bool) -> None:
    from dataclasses import asdict

    from emospot.experiments.results import compare_results
    from emospot.experiments.results_file import read_results

    if results is None:
        raise UsageError("repeat what? give a results.json")
    study, earlier = read_results(results)
    folder = out or results.parent / "repeated"
    finished = folder / "results.json"
    if finished.is_file() and not read_results(finished)[1]["failed"]:
        raise UsageError(f"{folder} holds a study that has run: choose another --out")
    outcome = _run(study, folder, workers, quiet=json_output)
    _, present = read_results(folder / "results.json")
    repetition = compare_results(earlier, present)
    if json_output:
        say_json(asdict(repetition))
    else:
        _tell(repetition, results)
    _complain(outcome)
    if not repetition.identical:
        raise EmospotError(f"the figures are not those of {results}")


def _publish(folder: Path | None, docs: Path) -> None:
    from emospot.experiments.benchmarks import publish

    if folder is None:
        raise UsageError("publish what? give the folder of a study that has run")
    for path in publish(folder, docs):
        note(f"written: {path}")


def _tell(repetition: "Repetition", results: Path) -> None:
    total = len(repetition.same) + len(repetition.different) + len(repetition.missing)
    say(f"{len(repetition.same)} of {total} runs gave exactly the figures of {results}")
    for name, metrics in repetition.different.items():
        for metric, (before, now) in metrics.items():
            say(f"  {name}: {metric} was {before:.6f}, is {now:.6f}")
    for name in repetition.missing:
        say(f"  {name}: did not finish")
    for name in repetition.data_changed:
        note(f"warning: the data of {name} are not what they were")
    for package, (old, new) in repetition.versions_changed.items():
        note(f"warning: {package} was {old}, is {new}")
