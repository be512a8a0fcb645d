"""What studies found, for readers: a page of tables each, and the results behind it.

    DOCS/results/NAME.json     the results.json of a study, without white space
    DOCS/benchmarks/NAME.md    its tables
    DOCS/benchmarks.md         one line on each of them

The pages are made from the files alone, so that nothing on them is written by hand and
`emospot experiment repeat DOCS/results/NAME.json` runs a study of a page again.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emospot.errors import ConfigError, UsageError
from emospot.experiments.contrasts import Contrast, contrasts_markdown
from emospot.experiments.detector_study import FORMAT_VERSION as DETECTORS_VERSION
from emospot.experiments.detector_study import KIND
from emospot.experiments.detector_tables import detectors_page
from emospot.experiments.mechanisms import matrix_markdown, read_matrix
from emospot.experiments.results_file import read_results
from emospot.experiments.study import Study
from emospot.experiments.summary import read_summary
from emospot.experiments.tables import markdown
from emospot.files import make_folder, write_file, write_json

INDEX = "benchmarks.md"
PAGES = "benchmarks"
FOLDER = "results"
SPEED = "bench"
"""Kind of a file of speed and memory (`emospot bench all`)."""
OWN_PAGES = (SPEED, "speakers")
"""Kinds of results with a page of their own: speed, and telling voices apart."""
FIGURES = ("gains.html", "figures.html")
"""Pages of a study's folder that are published with its results."""
INTRODUCTION = f"""# Benchmarks

Made by `emospot experiment publish` from the files in `{FOLDER}/`; each can be run again with
`emospot experiment repeat`. How models are trained, chosen and compared stands in the
[protocol](protocol.md), what else was tried in the [experiments](experiments.md), speed and
memory in [performance](performance.md), telling voices apart in [speakers](speakers.md).

| study | what it is about | work | finished |
| --- | --- | --- | --- |
"""


def publish(study_folder: Path, docs: Path) -> tuple[Path, Path]:
    """Put a study's results and figures among those of the documentation, and make all pages anew.

    Args:
        study_folder: where the study was run; its name is the study's.
        docs: folder of the documentation.

    Returns:
        The results' file and the study's page.

    Raises:
        ConfigError: if there are no results, or not of this version.
        UsageError: if runs of the study failed.
    """
    _, values = _read(study_folder / "results.json")
    if values.get("failed"):
        raise UsageError(
            f"{len(values['failed'])} runs of {study_folder} failed: run the study again first"
        )
    results = docs / FOLDER / f"{study_folder.resolve().name}.json"
    make_folder(results.parent)
    write_json(results, values, indent=None)
    for drawn in FIGURES:
        if (study_folder / drawn).is_file():
            content = (study_folder / drawn).read_bytes()
            write_file(results.with_name(f"{results.stem}-{drawn}"), content)
    make_folder(docs / PAGES)
    for name, text in benchmarks_pages(results.parent).items():
        write_file(docs / name, text.encode())
    return results, docs / PAGES / f"{results.stem}.md"


def benchmarks_pages(folder: Path) -> dict[str, str]:
    """The pages of all results of studies and detectors in a folder.

    Args:
        folder: with the results.

    Returns:
        Place in the documentation → text, the list of all of them last.
    """
    pages, lines = {}, []
    for path in sorted(folder.glob("*.json")):
        study, values = _read(path)
        if values.get("kind") in OWN_PAGES:
            continue
        title, _, tables = _tables(study, values).partition("\n")
        name = f"{PAGES}/{path.stem}.md"
        pages[name] = f"{title}\n\n{_origin(path, study, values)}\n{tables}"
        finished = values["provenance"]["finished"][:10]
        told = title.removeprefix("# ")
        lines.append(f"| [{path.stem}]({name}) | {told} | {_work(values)} | {finished} |\n")
    return {**pages, INDEX: INTRODUCTION + "".join(lines)}


def _tables(study: Study | None, values: Mapping[str, Any]) -> str:
    if study is None:
        return detectors_page(values)
    text = markdown(study, read_summary(values), values["opponents"])
    if "mechanisms" in values:
        text = f"{text}\n{matrix_markdown(read_matrix(values['mechanisms']))}\n"
    contrasts = [Contrast(**one) for one in values.get("contrasts", ())]
    if contrasts:
        text = f"{text}\n{contrasts_markdown(study, contrasts)}\n"
    return text


def _read(path: Path) -> tuple[Study | None, dict[str, Any]]:
    """A results file, checked, with its study; those that are of no study have none."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        values = None
    if isinstance(values, dict) and values.get("kind") in OWN_PAGES:
        return None, values
    if isinstance(values, dict) and values.get("kind") == KIND:
        if values.get("format_version") != DETECTORS_VERSION:
            raise ConfigError(f"{path} is of another version: measure the detectors again")
        return None, values
    return read_results(path)


def _origin(path: Path, study: Study | None, values: Mapping[str, Any]) -> str:
    made = values["provenance"]
    versions = made["packages"]
    command = f"emospot experiment {path.stem}"
    if study is None:
        command = values.get("command", f"emospot hotspots benchmark --out {path.stem}")
    files = [path.name]
    files += [own for drawn in FIGURES if path.with_name(own := f"{path.stem}-{drawn}").is_file()]
    links = ", ".join(f"[{name}](../{FOLDER}/{name})" for name in files)
    return (
        f"`{command}`: {_work(values)}; finished {made['finished'][:10]} with emospot "
        f"{versions['emospot']}, torch {versions['torch']}, on {made['processor']}. {links}; "
        f"[how models are trained, chosen and compared](../protocol.md); [all studies](../{INDEX})"
    )


def _work(values: Mapping[str, Any]) -> str:
    if values.get("kind") == KIND:
        return f"{len(values['runs'])} measurements"
    # Asking a trained model about fewer classes takes no time of training.
    trained = [run["seconds"] for run in values["runs"] if "seconds" in run]
    return f"{len(trained)} trainings, {sum(trained) / 3600:.1f} core hours"
