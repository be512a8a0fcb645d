"""`emospot analyze`: recordings in, reports out."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emospot.cli.console import Session, note, progress, say, say_json, told
from emospot.errors import EmospotError, UsageError
from emospot.files import make_folder

if TYPE_CHECKING:
    from emospot.analysis.types import Analysis
    from emospot.report.face_strip import FaceStill

STAGES = {
    "decode": "reading the recording",
    "words": "reading the words",
    "voice": "listening to the voice",
    "face": "watching the face",
    "model": "asking the model",
}

Recordings = Annotated[
    list[Path], typer.Argument(help="Recordings, or transcripts by themselves.")
]
Transcript = Annotated[
    Path | None,
    typer.Option(help="SRT, VTT, CSV, TSV, TextGrid, EAF, RTTM or JSON of the recording."),
]


def analyze(
    context: typer.Context,
    recordings: Recordings,
    transcript: Transcript = None,
    model: Annotated[str, typer.Option(help="A model's name, folder, or run.")] = "bundled",
    out: Annotated[Path, typer.Option(help="Folder for report and JSON.")] = Path("emospot-out"),
    detector: Annotated[
        list[str] | None,
        typer.Option(
            help="Detector of hotspots that the model does not read (emospot hotspots list); may "
            "be repeated."
        ),
    ] = None,
    stills: Annotated[
        bool,
        typer.Option(help="Put pictures of the face at its strongest moments into the report."),
    ] = True,
    json_output: Annotated[
        bool,
        typer.Option("--json", help="Print the analysis as JSON (of several: a list)."),
    ] = False,
) -> None:
    """Say what each speaker feels, utterance by utterance, with the evidence.

    Example: emospot analyze talk.mp4 --transcript talk.srt --out out/
    """
    if transcript is not None and len(recordings) > 1:
        raise UsageError("--transcript belongs to one recording: analyse them one by one")
    stems = output_stems(recordings)
    make_folder(out)
    several = len(recordings) > 1
    done: list[Analysis] = []
    failed = []
    for recording, stem in zip(recordings, stems, strict=True):
        names = (f"{stem}.analysis.json", f"{stem}.html")
        try:
            analysis = analyze_one(
                recording, transcript, model, out, detector or (), names=names, stills=stills
            )
        except Exception as error:
            if not several or _debug(context):
                raise
            # One bad recording must not cost the others.
            failed.append(recording.name)
            note(f"emospot: {told(error)[0]}")
            continue
        done.append(analysis)
        show_warnings(analysis, recording.name if several else "")
        if not json_output:
            show_summary(analysis, out, names, str(recording) if several else "")
    if json_output and done:
        plain = [analysis.to_dict() for analysis in done]
        say_json(plain if several else plain[0])
    if failed:
        kept = f"; the others are in {out}" if done else ""
        raise EmospotError(
            f"{len(failed)} of {len(recordings)} recordings failed: {', '.join(failed)}{kept}"
        )


def analyze_one(
    recording: Path,
    transcript: Path | None,
    model: str,
    out: Path,
    detectors: Sequence[str],
    *,
    names: tuple[str, str],
    stills: bool = True,
) -> "Analysis":
    """Analyse one recording and write its JSON and report.

    Args:
        recording: media or transcript.
        transcript: of the recording, or None.
        model: name, folder or run.
        out: folder, made if absent.
        detectors: choices of hotspot detectors.
        names: file names of the JSON and the report.
        stills: whether the report holds pictures of the face's hotspots.
    """
    from emospot.analysis.analyze import analyze as run_analysis
    from emospot.report.files import write_analysis
    from emospot.report.page import write_report

    with stage_progress(recording.name, len(STAGES)) as on_stage:
        analysis = run_analysis(
            recording, transcript, model=model, detectors=detectors, on_stage=on_stage
        )
    write_analysis(analysis, out / names[0])
    is_media = analysis.duration is not None
    write_report(
        analysis,
        out / names[1],
        media=recording if is_media else None,
        face_strip=_face_strip(analysis, recording) if stills else None,
    )
    return analysis


@contextmanager
def stage_progress(name: str, stages: int) -> Iterator[Callable[[str], None]]:
    """Show how far a recording is; what it gives is to be told each stage that begins.

    Args:
        name: of the recording.
        stages: how many of the first `STAGES` there are to go through.
    """
    with progress() as bar:
        task = bar.add_task(name, total=stages)

        def on_stage(stage: str) -> None:
            step = list(STAGES).index(stage)
            bar.update(task, completed=step, description=f"{name}: {STAGES[stage]}")

        yield on_stage


def _face_strip(analysis: "Analysis", recording: Path) -> "list[FaceStill]":
    """Pictures of the recording at the apexes of the face's hotspots."""
    from emospot.media.stills import stills_at
    from emospot.report.face_strip import FaceStill, face_apexes

    apexes = face_apexes(analysis.utterances)
    return [FaceStill(time, image) for time, image in stills_at(recording, apexes)]


def show_warnings(analysis: "Analysis", name: str = "") -> None:
    """Print the warnings of an analysis to stderr, after a name if one is given."""
    for warning in analysis.warnings:
        named = not name or warning.startswith(name)
        note(f"warning: {warning}" if named else f"warning: {name}: {warning}")


def show_summary(analysis: "Analysis", out: Path, names: tuple[str, str], title: str = "") -> None:
    """Print a line an utterance, and where JSON (first name) and report lie."""
    from emospot.report.summary_text import summary_lines

    if title:
        say(f"{title}:")
    for line in summary_lines(analysis.utterances):
        say(line)
    say(f"report:   {out / names[1]}")
    say(f"analysis: {out / names[0]}")


def output_stems(recordings: Sequence[Path]) -> list[str]:
    """The names of the outputs without ending; where two would be one, the whole file name.

    Raises:
        UsageError: if two recordings have the same file name.

    >>> output_stems([Path("a/talk.mp4"), Path("hall.wav"), Path("b/talk.wav")])
    ['talk.mp4', 'hall', 'talk.wav']
    """
    names = Counter(path.name for path in recordings)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise UsageError(
            f"two recordings are called {twice}, so their reports would have one name: "
            "analyse them into different folders"
        )
    stems = Counter(path.stem for path in recordings)
    return [path.stem if stems[path.stem] == 1 else path.name for path in recordings]


def _debug(context: typer.Context) -> bool:
    return isinstance(context.obj, Session) and context.obj.debug
