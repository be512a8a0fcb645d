"""`emospot hotspots evaluate`, `benchmark` and `faithfulness`: how true hotspots are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emospot.cli.console import note, progress, say, say_json, table
from emospot.cli.hotspot_options import DetectorChoices, LlmBaseUrl, LlmModel, endpoint
from emospot.cli.model_options import MODEL_HELP, AllowDownload
from emospot.conversation import MODALITIES
from emospot.errors import UsageError

if TYPE_CHECKING:
    from emospot.evaluation.significance import Interval
    from emospot.evaluation.span_files import SpanSet
    from emospot.evaluation.spotting import SpottedRecording
    from emospot.hotspots.panel import Panel


FEWEST_FOR_INTERVALS = 5
"""Recordings; the bootstrap of fewer says nothing."""


def add_scores(app: typer.Typer) -> None:
    """Add the commands to those of `emospot hotspots`."""
    app.command("evaluate")(evaluate)
    app.command("benchmark")(benchmark)
    app.command("faithfulness")(faithfulness)


def evaluate(
    marked: Annotated[
        Path, typer.Argument(help="The marked spans: a file, or a folder of files.")
    ],
    recordings: Annotated[
        list[Path] | None, typer.Argument(help="Recordings for --detector to look at.")
    ] = None,
    found: Annotated[
        list[Path] | None,
        typer.Option(help="What a detector found, also a foreign one: a file or a folder."),
    ] = None,
    detector: Annotated[
        list[str] | None, typer.Option(help="A detector to score on the recordings.")
    ] = None,
    transcript: Annotated[
        list[Path] | None,
        typer.Option(help="Transcript of a recording: of several, the one of the same name."),
    ] = None,
    llm_base_url: LlmBaseUrl = "",
    llm_model: LlmModel = "",
    modality: Annotated[
        str | None, typer.Option(help="Score the spans of one modality alone.")
    ] = None,
    least_iou: Annotated[
        float, typer.Option("--iou", help="Overlap from which a found span is right.")
    ] = 0.5,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Score what was found against marked spans.

    Spans are read from JSON, CSV, TextGrid, ELAN, SRT and WebVTT (docs/formats.md).

    Example: emospot hotspots evaluate marks.TextGrid --found theirs.csv

    Example: emospot hotspots evaluate marks.csv talk.wav --detector phrases --detector prosody

    Example: emospot hotspots evaluate marks.csv talk.wav --transcript talk.srt --detector lexicon
    """
    from emospot.evaluation.span_files import read_spans
    from emospot.evaluation.spotting import spotting_scores
    from emospot.hotspots.registry import panel

    if not 0 < least_iou <= 1:
        raise UsageError(f"--iou must lie above 0 and not above 1, found {least_iou:g}")
    if bool(found) == bool(detector):
        raise UsageError("give either --found FILE, or --detector NAME with recordings")
    if bool(detector) != bool(recordings):
        raise UsageError("--detector looks at recordings: give them after the marked spans")
    if modality is not None and modality not in MODALITIES:
        raise UsageError(f'--modality "{modality}": expected {", ".join(MODALITIES)}')
    if transcript and not detector:
        raise UsageError("--transcript is for --detector: files of found spans need none")
    given = _transcripts(recordings or (), transcript or ())
    marks = read_spans(marked).of(modality)
    if marks.pointless:
        note(f"warning: {marks.pointless} marks without a length were left out")
    llm = endpoint(llm_base_url, llm_model)
    chosen = [panel(choice, llm) for choice in detector or ()]
    scores: dict[str, dict[str, Interval]] = {}
    count = 0
    for name, pairs in _compared(marks, found or (), chosen, given, modality):
        if name in scores:
            raise UsageError(f"{name} is given twice")
        scores[name] = spotting_scores(list(pairs.values()), least_iou=least_iou)
        count = len(pairs)
    if json_output:
        say_json({name: _plain(own) for name, own in scores.items()})
        return
    several = count >= FEWEST_FOR_INTERVALS
    rows = [
        [
            metric.replace("_", " "),
            *(_figure(own[metric], several=several) for own in scores.values()),
        ]
        for metric in next(iter(scores.values()))
    ]
    told = "95 % intervals over recordings" if several else "too few recordings for intervals"
    table(
        f"{len(marks.spans)} marked spans in {len(marks.recordings)} recording(s), "
        f"right from an overlap (IoU) of {least_iou:g}; {told}",
        ["", *scores],
        rows,
    )


def benchmark(
    out: Annotated[Path, typer.Option(help="Folder of results.json and table.md.")],
    detector: DetectorChoices = None,
    learned: Annotated[
        list[str] | None,
        typer.Option(help=f"A model that has learned hotspots, besides. {MODEL_HELP}"),
    ] = None,
    allow_download: AllowDownload = False,
    truth: Annotated[
        list[str] | None, typer.Option(help="A set of known moments; without it, all.")
    ] = None,
    llm_base_url: LlmBaseUrl = "",
    llm_model: LlmModel = "",
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Measure detectors where the moments are known, beside their own hotspots elsewhere.

    The sets lie in the folder that EMOSPOT_DATA names (docs/corpora.md). The page of
    benchmarks takes the results by: emospot experiment publish OUT.

    Example: emospot hotspots benchmark --out OUT
    """
    from emospot.analysis.learned_detector import learned_panels
    from emospot.analysis.models import load
    from emospot.corpora.truths import TRUTHS
    from emospot.experiments.detector_study import DETECTORS, detectors_for, run_detectors
    from emospot.experiments.study import data_folder
    from emospot.hotspots.registry import panel

    known = {one.name: one for one in TRUTHS}
    unknown = [name for name in truth or () if name not in known]
    if unknown:
        raise UsageError(f'there are no known moments "{unknown[0]}", only {", ".join(known)}')
    llm = endpoint(llm_base_url, llm_model)
    chosen = [panel(choice, llm) for choice in detector or DETECTORS]
    for model in learned or ():
        chosen += learned_panels(load(model, allow_download=allow_download), model)
    sets = [known[name] for name in truth or known]
    with progress(quiet=json_output) as bar:
        steps = sum(1 + len(detectors_for(one, chosen)) for one in sets)
        task = bar.add_task("", total=steps)
        results = run_detectors(
            data_folder(),
            chosen,
            sets,
            tell=lambda stage: bar.update(task, description=stage, advance=1),
        )
    if learned:
        models = " ".join(f"--learned {model}" for model in learned)
        results["command"] = f"emospot hotspots benchmark --out hotspots {models}"
    _write(results, out, json_output=json_output)


def faithfulness(
    model: Annotated[str, typer.Argument(help=MODEL_HELP)],
    store: Annotated[Path, typer.Argument(help="A store with the features of the training.")],
    out: Annotated[Path, typer.Option(help="Folder of results.json and table.md.")],
    modality: Annotated[str, typer.Option(help="Whose tokens are taken away.")] = "words",
    split: Annotated[str, typer.Option(help="test, dev or train.")] = "test",
    utterances: Annotated[int, typer.Option(min=1, help="How many are asked about.")] = 200,
    allow_download: AllowDownload = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say whether a model's hotspots carry its decisions: it is asked again without them.

    Example: emospot hotspots faithfulness bundled STORE --out OUT
    """
    from emospot.analysis.models import load
    from emospot.evaluation.run import check_fits, labelled_examples
    from emospot.experiments.faithfulness_study import run_faithfulness
    from emospot.features.store import FeatureStore

    loaded = load(model, allow_download=allow_download)
    opened = FeatureStore.open(store)
    loaded.require_single_label()
    check_fits(loaded, opened)
    with progress(quiet=json_output) as bar:
        task = bar.add_task(loaded.card.name, total=utterances)
        results = run_faithfulness(
            loaded,
            labelled_examples(opened, split),
            modality,
            f"{opened.manifest.corpus} ({split})",
            utterances=utterances,
            tell=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _write(results, out, json_output=json_output)


def _write(results: dict[str, Any], out: Path, *, json_output: bool) -> None:
    from emospot.experiments.detector_study import write_detectors
    from emospot.experiments.detector_tables import detectors_page

    write_detectors(results, out)
    if json_output:
        say_json(results)
        return
    say(detectors_page(results))
    note(f"written: {out}/results.json, table.md")


def _compared(
    marks: "SpanSet",
    found: Sequence[Path],
    detectors: "Sequence[Panel]",
    recordings: Mapping[Path, Path | None],
    modality: str | None,
) -> list[tuple[str, "dict[str, SpottedRecording]"]]:
    """Name of each candidate → its spans beside the marked ones."""
    from emospot.evaluation.span_files import paired, read_spans

    if found:
        files = [(path, read_spans(path).of(modality)) for path in found]
        for path, spans in files:
            if spans.pointless:
                note(f"warning: {path}: {spans.pointless} spans without a length were left out")
        return [(str(path), paired(spans, marks)) for path, spans in files]
    seen = _spans_of(recordings, detectors)
    own = marks
    if len(recordings) > 1 or marks.named:
        own = marks.about(next(iter(seen.values())).recordings)
        left_out = len(marks.recordings) - len(own.recordings)
        if left_out:
            note(f"warning: {left_out} marked recordings were not given and do not count")
    return [(one.name, paired(seen[one.name], own.of(one.modality))) for one in detectors]


def _transcripts(
    recordings: Sequence[Path], transcripts: Sequence[Path]
) -> dict[Path, Path | None]:
    """Each recording with its transcript: the only one, or that of the same name."""
    if len(recordings) == len(transcripts) == 1:
        return {recordings[0]: transcripts[0]}
    by_name = {path.stem: path for path in transcripts}
    if len(by_name) < len(transcripts):
        raise UsageError("two transcripts have the same name: give one for each recording")
    found = {recording: by_name.pop(recording.stem, None) for recording in recordings}
    if by_name:
        stray = next(iter(by_name.values()))
        raise UsageError(
            f"--transcript {stray}: no recording is called {stray.stem}; of several recordings "
            "each needs a transcript of its own name"
        )
    return found


def _spans_of(
    recordings: Mapping[Path, Path | None], detectors: "Sequence[Panel]"
) -> "dict[str, SpanSet]":
    """What each detector finds in recordings, as spans; each recording is read once.

    What cannot be looked at (no voice, no face) holds nothing.
    """
    from emospot.analysis.inputs import read_inputs
    from emospot.analysis.spot import spot
    from emospot.evaluation.span_files import SpanSet, span_set
    from emospot.hotspots.side_by_side import side_by_side

    spans = {one.name: SpanSet(named=True) for one in detectors}
    for recording, transcript in recordings.items():
        inputs = read_inputs(recording, transcript)
        together = {
            modality: side_by_side([one for one in detectors if one.modality == modality])
            for modality in dict.fromkeys(one.modality for one in detectors)
        }
        seen = spot(inputs, together)
        for modality, reason in seen.absent.items():
            note(f"warning: {recording}: {modality} not looked at: {reason}")
        nothing = [()] * len(seen.hotspots)
        for one in detectors:
            found = together[one.modality].found.get(one.name, nothing)
            alone = replace(seen, hotspots=tuple(tuple(own) for own in found))
            own = span_set(seen.recording, alone.to_dict()["hotspots"])
            spans[one.name].recordings.update(own.recordings)
            spans[one.name].spans += own.spans
    return spans


def _plain(scores: "dict[str, Interval]") -> dict[str, Any]:
    return {
        metric: {
            "value": None if math.isnan(own.value) else own.value,
            "low": None if math.isnan(own.low) else own.low,
            "high": None if math.isnan(own.high) else own.high,
        }
        for metric, own in scores.items()
    }


def _figure(interval: "Interval", *, several: bool) -> str:
    if math.isnan(interval.value):
        return "–"
    if math.isnan(interval.low) or not several:
        return f"{interval.value:.2f}"
    return f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"
