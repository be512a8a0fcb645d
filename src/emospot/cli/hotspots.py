"""`emospot hotspots`: the emotional moments of recordings, and how well they are found."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from emospot.cli.analyze import STAGES, output_stems
from emospot.cli.console import note, progress, say, say_json, table, told
from emospot.errors import EmospotError, UsageError
from emospot.files import write_file

if TYPE_CHECKING:
    from emospot.analysis.spot import RecordingHotspots
    from emospot.evaluation.significance import Interval
    from emospot.evaluation.span_files import SpanSet
    from emospot.evaluation.spotting import SpottedRecording
    from emospot.hotspots.llm_endpoint import LlmEndpoint
    from emospot.hotspots.panel import Panel

FIND = "find"


class _FindByDefault(TyperGroup):
    """`emospot hotspots talk.wav` is `emospot hotspots find talk.wav`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [FIND, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    help="Find the emotional moments of recordings.\n\n"
    "Example: emospot hotspots talk.mp4 --transcript talk.srt",
    cls=_FindByDefault,
    no_args_is_help=True,
)

DetectorChoices = Annotated[
    list[str] | None,
    typer.Option(
        help="Hotspot detectors: NAME, NAME+NAME (what either finds) or NAME=2,NAME=1 (a weighted "
        "vote); may be repeated. Without it, the usual one of each modality.",
    ),
]

LlmBaseUrl = Annotated[
    str,
    typer.Option(
        help="OpenAI-compatible endpoint of the detector llm, e.g. http://localhost:11434/v1; "
        "without it, EMOSPOT_LLM_BASE_URL. The key is read from EMOSPOT_LLM_API_KEY or "
        "OPENAI_API_KEY."
    ),
]
LlmModel = Annotated[
    str, typer.Option(help="Model of that endpoint; without it, EMOSPOT_LLM_MODEL.")
]


@app.command(FIND)
def find(
    recordings: Annotated[
        list[Path], typer.Argument(help="Recordings, or transcripts by themselves.")
    ],
    transcript: Annotated[
        Path | None,
        typer.Option(help="SRT, VTT, CSV, TSV, TextGrid, EAF, RTTM or JSON of the recording."),
    ] = None,
    detector: DetectorChoices = None,
    llm_base_url: LlmBaseUrl = "",
    llm_model: LlmModel = "",
    out: Annotated[Path | None, typer.Option(help="Folder for the files of --export.")] = None,
    export: Annotated[
        str, typer.Option(help="json, csv, textgrid, eaf, srt, vtt; separated by commas, or all.")
    ] = "json",
    json_output: Annotated[
        bool, typer.Option("--json", help="Print as JSON (of several: a list).")
    ] = False,
) -> None:
    """Print and export the emotional moments of recordings.

    Example: emospot hotspots talk.mp4 --transcript talk.srt --out OUT --export textgrid,csv
    """
    if transcript is not None and len(recordings) > 1:
        raise UsageError("--transcript belongs to one recording: ask for them one by one")
    from emospot.hotspots.registry import panels

    formats = _formats(export)
    stems = output_stems(recordings)
    detectors = panels(detector, _llm(llm_base_url, llm_model)) if detector else None
    done, failed = [], []
    for recording, stem in zip(recordings, stems, strict=True):
        try:
            found = _find(recording, transcript, detectors)
        except EmospotError as error:
            if len(recordings) == 1:
                raise
            failed.append(recording.name)
            note(f"emospot: {told(error)[0]}")
            continue
        done.append(found)
        if not json_output:
            _show(found, str(recording) if len(recordings) > 1 else "")
        if out is not None:
            _export(found, out, stem, formats)
    if json_output and done:
        plain = [found.to_dict() for found in done]
        say_json(plain if len(recordings) > 1 else plain[0])
    if failed:
        raise EmospotError(
            f"{len(failed)} of {len(recordings)} recordings failed: {', '.join(failed)}"
        )


@app.command("list")
def list_detectors(
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the detectors, those of other packages included.

    Example: emospot hotspots list
    """
    from emospot.hotspots.registry import DEFAULTS, known_detectors

    known = list(known_detectors().values())
    if json_output:
        say_json({one.name: {"modality": one.modality, "about": one.about} for one in known})
        return
    usual = set(DEFAULTS.values())
    rows = [
        [one.name, one.modality, "usual" if one.name in usual else "", one.about] for one in known
    ]
    table("", ["detector", "looks at", "", "finds"], rows)


@app.command("evaluate")
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
    marks = read_spans(marked).of(modality)
    llm = _llm(llm_base_url, llm_model)
    chosen = [panel(choice, llm) for choice in detector or ()]
    scores: dict[str, dict[str, Interval]] = {}
    for name, pairs in _compared(marks, found or (), chosen, recordings or (), modality):
        scores[name] = spotting_scores(list(pairs.values()), least_iou=least_iou)
    if json_output:
        say_json({name: _plain(own) for name, own in scores.items()})
        return
    metrics = list(next(iter(scores.values())))
    rows = [[name, *(_figure(own[metric]) for metric in metrics)] for name, own in scores.items()]
    table(
        f"{len(marks.spans)} marked spans in {len(marks.recordings)} recordings, "
        f"right from an overlap (IoU) of {least_iou:g}; 95 % intervals over recordings",
        ["", *(metric.replace("_", " ") for metric in metrics)],
        rows,
    )


@app.command("benchmark")
def benchmark(
    out: Annotated[Path, typer.Option(help="Folder of results.json and table.md.")],
    detector: DetectorChoices = None,
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
    from emospot.corpora.truths import TRUTHS
    from emospot.experiments.detector_study import DETECTORS, run_detectors, write_detectors
    from emospot.experiments.detector_tables import detectors_page
    from emospot.experiments.study import data_folder
    from emospot.hotspots.registry import panel

    known = {one.name: one for one in TRUTHS}
    unknown = [name for name in truth or () if name not in known]
    if unknown:
        raise UsageError(f'there are no known moments "{unknown[0]}", only {", ".join(known)}')
    llm = _llm(llm_base_url, llm_model)
    chosen = [panel(choice, llm) for choice in detector or DETECTORS]
    sets = [known[name] for name in truth or known]
    with progress(quiet=json_output) as bar:
        steps = sum(1 + sum(p.modality == s.modality for p in chosen) for s in sets)
        task = bar.add_task("", total=steps)
        results = run_detectors(
            data_folder(),
            chosen,
            sets,
            tell=lambda stage: bar.update(task, description=stage, advance=1),
        )
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
    recordings: Sequence[Path],
    modality: str | None,
) -> list[tuple[str, "dict[str, SpottedRecording]"]]:
    """Name of each candidate → its spans beside the marked ones."""
    from emospot.evaluation.span_files import paired, read_spans

    if found:
        return [(path.name, paired(read_spans(path).of(modality), marks)) for path in found]
    compared = []
    for one in detectors:
        own = marks.of(one.modality)
        spans = _spans_of(recordings, {one.modality: one})
        compared.append((one.name, paired(spans, own)))
    return compared


def _spans_of(recordings: Sequence[Path], detectors: "dict[str, Panel]") -> "SpanSet":
    """What detectors find in recordings, as spans."""
    from emospot.evaluation.span_files import PlacedSpan, SpanSet, stem
    from emospot.evaluation.spotting import Span

    spans = SpanSet()
    for recording in recordings:
        found = _find(recording, None, detectors)
        for reason in found.absent.values():
            raise UsageError(f"{recording}: nothing to look at: {reason}")
        name = stem(found.recording)
        spans.recordings.setdefault(name)
        for _, spot in found.moments():
            if spot.start is not None and spot.end is not None and spot.start < spot.end:
                span = Span(spot.start, spot.end, spot.score, spot.apex)
                spans.add(PlacedSpan(name, span, modality=spot.modality))
    return spans


def _plain(scores: "dict[str, Interval]") -> dict[str, Any]:
    import math

    return {
        metric: {
            "value": None if math.isnan(own.value) else own.value,
            "low": None if math.isnan(own.low) else own.low,
            "high": None if math.isnan(own.high) else own.high,
        }
        for metric, own in scores.items()
    }


def _figure(interval: "Interval") -> str:
    import math

    if math.isnan(interval.value):
        return "–"
    if math.isnan(interval.low):
        return f"{interval.value:.2f}"
    return f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _llm(base_url: str, model: str) -> "LlmEndpoint | None":
    """The endpoint that was named, None where the environment shall say."""
    from emospot.hotspots.llm_endpoint import LlmEndpoint

    if not (base_url or model):
        return None
    return LlmEndpoint.from_environment(base_url, model)


def _formats(text: str) -> tuple[str, ...]:
    from emospot.report.hotspot_files import FORMATS

    names = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if names == ("all",):
        return tuple(FORMATS)
    unknown = [name for name in names if name not in FORMATS]
    if unknown or not names:
        raise UsageError(
            f'--export "{text}": known formats are {", ".join(FORMATS)}, separated by commas, '
            "or all"
        )
    return names


def _find(
    recording: Path, transcript: Path | None, detectors: "dict[str, Panel] | None"
) -> "RecordingHotspots":
    from emospot.analysis.spot import find_hotspots

    with progress() as bar:
        task = bar.add_task(recording.name, total=len(STAGES) - 1)

        def on_stage(stage: str) -> None:
            step = list(STAGES).index(stage)
            bar.update(task, completed=step, description=f"{recording.name}: {STAGES[stage]}")

        found = find_hotspots(recording, transcript, detectors=detectors, on_stage=on_stage)
    for notice in found.notices:
        note(f"warning: {notice}")
    return found


def _show(found: "RecordingHotspots", title: str) -> None:
    from emospot.report.summary_text import hotspot_lines

    if title:
        say(f"{title}:")
    for line in hotspot_lines(found):
        say(line)
    for modality, reason in found.absent.items():
        note(f"{modality}: {reason}")


def _export(found: "RecordingHotspots", out: Path, stem: str, formats: Sequence[str]) -> None:
    from emospot.report.hotspot_files import FORMATS

    for name in formats:
        ending, write = FORMATS[name]
        path = out / f"{stem}{ending}"
        write_file(path, write(found).encode("utf-8", "replace"), "the hotspots")
        note(f"written: {path}")
