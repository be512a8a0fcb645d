"""`results.json`: everything that a study found, and what is needed to repeat it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from emospot.experiments.contrasts import contrasts_markdown, contrasts_of
from emospot.experiments.curves import curves_page
from emospot.experiments.figures import study_figures
from emospot.experiments.figures_page import figures_page
from emospot.experiments.further_figures import further_figures
from emospot.experiments.gains import gains_page
from emospot.experiments.job import Result, answers_file, read_answers
from emospot.experiments.jobs import trains_itself
from emospot.experiments.known_runs import packed
from emospot.experiments.known_truth import ceilings_dict, known_ceilings, truth_figures
from emospot.experiments.mechanisms import matrix_markdown, mechanism_matrix
from emospot.experiments.provenance import provenance
from emospot.experiments.results_file import FORMAT_VERSION, rounded
from emospot.experiments.runner import Outcome
from emospot.experiments.study import OPPONENT, Study
from emospot.experiments.summary import Summary, summarise_study, summary_dict
from emospot.experiments.tables import markdown
from emospot.features.store import FeatureStore
from emospot.files import write_file, write_json


def write_results(
    study: Study,
    outcome: Outcome,
    out: Path,
    tell: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> Summary:
    """Write what a study that has run found.

    That is results.json, table.md and curves.html, and where the study asks for them
    gains.html and figures.html.

    Args:
        study: what was run.
        outcome: its finished jobs.
        out: the study's folder.
        tell: told of the steps of the ceilings of planted corpora, see `known_ceilings`.
    """
    ceilings = known_ceilings(study, tell)
    summary = summarise_study(study, outcome.results, outcome.opponents, out)
    besides = tuple(truth_figures(study, outcome.results, ceilings))
    besides += tuple(further_figures(outcome.results))
    summary = replace(summary, figures=summary.figures + besides)
    values = {
        "format_version": FORMAT_VERSION,
        "study": study.model_dump(mode="json"),
        "provenance": provenance(),
        "corpora": {name: _corpus(path) for name, path in outcome.stores.items()},
        "configurations": {
            name: study.config(name).model_dump(mode="json") for name in study.entries()
        },
        "opponents": dict(outcome.opponents),
        "runs": [_run(study, result, out) for result in outcome.results],
        "failed": dict(outcome.failed),
        **summary_dict(summary),
    }
    if ceilings:
        values["ceilings"] = ceilings_dict(ceilings)
    matrix = mechanism_matrix(study, outcome.results)
    if matrix.gains:
        values["mechanisms"] = matrix.to_dict()
        write_file(out / "gains.html", gains_page(study, matrix).encode())
    (out / "figures.html").unlink(missing_ok=True)
    contrasts = contrasts_of(study, outcome.results)
    if contrasts:
        values["contrasts"] = [contrast.to_dict() for contrast in contrasts]
    figures = study_figures(study, outcome.results, out, ceilings)
    if figures:
        values["figures"] = [figure.to_dict() for figure in figures]
        write_file(out / "figures.html", figures_page(study.title, figures).encode())
    table = markdown(study, summary, dict(outcome.opponents))
    for text in (matrix_markdown(matrix), contrasts_markdown(study, contrasts)):
        if text:
            table = f"{table}\n{text}\n"
    write_json(out / "results.json", values, indent=1)
    write_file(out / "table.md", table.encode())
    write_file(out / "curves.html", curves_page(study, outcome.results).encode())
    return summary


def _corpus(path: Path) -> dict[str, Any]:
    store = FeatureStore.open(path)
    return {
        "hash": store.content_hash,
        "labels": list(store.label_set.labels),
        "features": {m: asdict(f) for m, f in store.features.items()},
        "splits": {name: asdict(counts) for name, counts in store.splits.items()},
    }


def _run(study: Study, result: Result, out: Path) -> dict[str, Any]:
    job = result.job
    answers = read_answers(answers_file(out, job))
    run = {
        "corpus": job.corpus,
        "features": job.features,
        "model": job.model,
        "protocol": job.protocol,
        **({"fold": job.fold} if job.fold else {}),
        "seed": job.seed,
        "scores": rounded(result.scores),
        "answers": result.answers,
    }
    if answers.task.kind == "single":
        run["predicted"] = packed(answers.predicted)
    if result.known_from:
        run["known_from"] = result.known_from
    if not trains_itself(study, job):
        # How it was trained stands with the run of all classes.
        return run
    if result.dev is not None:
        run["dev"] = result.dev
    return run | {
        "epoch": result.epoch,
        "epochs_run": result.epochs_run,
        "parameters": result.parameters,
        "seconds": round(result.seconds, 1),
    }


@dataclass(frozen=True, slots=True)
class Repetition:
    """A study that was run again, held against what was written down.

    Args:
        same: runs with the same answers and scores.
        different: run → metric → earlier and present figure.
        missing: runs that the repetition did not finish.
        data_changed: corpora whose data are not what they were.
        versions_changed: package → earlier and present version.
    """

    same: tuple[str, ...]
    different: Mapping[str, Mapping[str, tuple[float, float]]]
    missing: tuple[str, ...]
    data_changed: tuple[str, ...]
    versions_changed: Mapping[str, tuple[str, str]]

    @property
    def identical(self) -> bool:
        """Whether every run gave the same figures."""
        return not (self.different or self.missing)


def compare_results(earlier: Mapping[str, Any], present: Mapping[str, Any]) -> Repetition:
    """Hold the content of two results.json of one study against each other."""
    now = {_name(run): run for run in present["runs"]}
    same, missing = [], []
    different: dict[str, dict[str, tuple[float, float]]] = {}
    for run in earlier["runs"]:
        name, again = _name(run), now.get(_name(run))
        if again is None:
            missing.append(name)
        elif again["answers"] == run["answers"] and not _different(run, again):
            same.append(name)
        else:
            different[name] = _different(run, again)
    before, after = (r["provenance"]["packages"] for r in (earlier, present))
    return Repetition(
        tuple(same),
        different,
        tuple(missing),
        tuple(
            name
            for name, corpus in earlier["corpora"].items()
            if present["corpora"].get(name, {}).get("hash") != corpus["hash"]
        ),
        {p: (v, after.get(p, "")) for p, v in before.items() if v != after.get(p)},
    )


def _different(
    earlier: Mapping[str, Any], present: Mapping[str, Any]
) -> dict[str, tuple[float, float]]:
    """Metric → earlier and present figure, of those that differ."""
    before, now = rounded(earlier["scores"]), rounded(present["scores"])
    return {m: (value, now.get(m, math.nan)) for m, value in before.items() if value != now.get(m)}


def _name(run: Mapping[str, Any]) -> str:
    parts = [run["corpus"], run["features"], run["model"]]
    parts += [run["protocol"]] if run["protocol"] != OPPONENT else ["choosing"]
    parts += [run["fold"]] if run.get("fold") else []
    return " / ".join([*parts, f"seed {run['seed']}"])
