"""`emospot analyze`: recordings in, reports out."""

from pathlib import Path
from typing import Annotated

import typer

from emospot.cli.console import note, progress, say, say_json
from emospot.errors import EmospotError, UsageError

STAGES = {
    "decode": "reading the recording",
    "words": "reading the words",
    "voice": "listening to the voice",
    "face": "watching the face",
    "model": "asking the model",
}


def analyze(
    recordings: Annotated[
        list[Path], typer.Argument(help="Recordings, or transcripts by themselves.")
    ],
    transcript: Annotated[
        Path | None,
        typer.Option(help="SRT, VTT, CSV, TSV, TextGrid, EAF, RTTM or JSON of the recording."),
    ] = None,
    model: Annotated[str, typer.Option(help="A model's name, folder, or run.")] = "bundled",
    out: Annotated[Path, typer.Option(help="Folder for report and JSON.")] = Path("emospot-out"),
    voice: Annotated[
        str, typer.Option(help="Voice descriptors for hotspots: auto, egemaps or basic.")
    ] = "auto",
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the analyses as JSON.")
    ] = False,
) -> None:
    """Say what each speaker feels, utterance by utterance, with the evidence.

    Example: emospot analyze talk.mp4 --transcript talk.srt --out out/
    """
    if transcript is not None and len(recordings) > 1:
        raise UsageError("--transcript belongs to one recording: analyse them one by one")
    failed = []
    for recording in recordings:
        try:
            analyze_one(recording, transcript, model, out, voice, json_output=json_output)
        except EmospotError as error:
            if len(recordings) == 1:
                raise
            failed.append(recording.name)
            note(f"emospot: {error}")
    if failed:
        raise EmospotError(f"{len(failed)} of {len(recordings)} failed: {', '.join(failed)}")


def analyze_one(
    recording: Path,
    transcript: Path | None,
    model: str,
    out: Path,
    voice: str,
    *,
    json_output: bool = False,
    names: tuple[str, str] | None = None,
) -> None:
    """Analyse one recording and write its JSON and report.

    Args:
        recording: media or transcript.
        transcript: of the recording, or None.
        model: name, folder or run.
        out: folder, made if absent.
        voice: descriptors for voice hotspots.
        json_output: print the analysis instead of a summary.
        names: file names of the JSON and the report.
    """
    from emospot.analysis.analyze import analyze as run_analysis
    from emospot.report.files import write_analysis
    from emospot.report.page import write_report

    with progress(quiet=json_output) as bar:
        task = bar.add_task(f"{recording.name}", total=len(STAGES))

        def on_stage(stage: str) -> None:
            step = list(STAGES).index(stage)
            bar.update(task, completed=step, description=f"{recording.name}: {STAGES[stage]}")

        analysis = run_analysis(recording, transcript, model=model, voice=voice, on_stage=on_stage)
    stem = recording.name if transcript is None and not analysis.duration else recording.stem
    json_name, report_name = names or (f"{stem}.analysis.json", f"{stem}.html")
    write_analysis(analysis, out / json_name)
    write_report(analysis, out / report_name, media=recording if analysis.duration else None)
    for warning in analysis.warnings:
        note(f"warning: {warning}")
    if json_output:
        say_json(analysis.to_dict())
        return
    say(summary(analysis.utterances))
    say(f"report:   {out / report_name}")
    say(f"analysis: {out / json_name}")


def summary(utterances: object) -> str:
    """A line an utterance: time, speaker, emotion, and its strongest hotspot."""
    from emospot.report.summary_text import summary_lines

    return "\n".join(summary_lines(utterances))  # type: ignore[arg-type]
