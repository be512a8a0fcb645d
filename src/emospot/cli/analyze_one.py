"""One recording through the pipeline, with its progress."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emospot.cli.console import progress

if TYPE_CHECKING:
    from rich.progress import Progress

    from emospot.analysis.types import Analysis
    from emospot.report.face_strip import FaceStill

STAGES = {
    "decode": "reading the recording",
    "words": "reading the words",
    "voice": "listening to the voice",
    "face": "watching the face",
    "model": "asking the model",
}


def analyze_one(
    recording: Path,
    transcript: Path | None,
    model: str,
    out: Path,
    detectors: Sequence[str],
    *,
    names: tuple[str, str],
    stills: bool = True,
    quiet: bool = False,
    speakers: str = "auto",
    recogniser: str = "",
    allow_download: bool = False,
    asked: str = "",
) -> "Analysis":
    """Analyse one recording and write its JSON and report; a killed one is gone on with.

    Args:
        recording: media or transcript.
        transcript: of the recording, or None.
        model: name, folder or run.
        out: folder, made if absent.
        detectors: choices of hotspot detectors.
        names: file names of the JSON and the report.
        stills: whether the report holds pictures of the face's hotspots.
        quiet: show no progress.
        speakers: who tells speakers apart where the transcript does not.
        recogniser: what recognises words, "" for nothing.
        allow_download: whether its model may be fetched.
        asked: digest of what is asked for, which the JSON keeps.
    """
    from emospot.analysis.analyze import analyze as run_analysis
    from emospot.report.files import write_analysis
    from emospot.report.page import write_report

    with stage_progress(recording.name, len(STAGES), quiet=quiet) as shown:
        analysis = run_analysis(
            recording,
            transcript,
            model=model,
            detectors=detectors,
            speakers=speakers,
            recogniser=recogniser,
            allow_download=allow_download,
            on_stage=shown.stage,
            on_share=shown.share,
            journal=out / f"{names[0]}.journal",
        )
    analysis = replace(analysis, asked=asked)
    write_analysis(analysis, out / names[0])
    is_media = analysis.duration is not None
    write_report(
        analysis,
        out / names[1],
        media=recording if is_media else None,
        face_strip=_face_strip(analysis, recording) if stills else None,
    )
    return analysis


class StageProgress:
    """Shows how far a recording is: the stage, how much of it is done, the time left for it.

    Args:
        bar: the display.
        name: of the recording.
        stages: how many of the first `STAGES` there are to go through.
    """

    def __init__(self, bar: "Progress", name: str, stages: int) -> None:
        self._bar, self._name, self._stages = bar, name, stages
        self._task = bar.add_task(name, total=100)

    def stage(self, stage: str) -> None:
        """Begin a stage."""
        step = list(STAGES).index(stage) + 1
        said = f"{self._name}: {step} of {self._stages}, {STAGES[stage]}, of 100"
        self._bar.reset(self._task, total=100, description=said)

    def share(self, share: float) -> None:
        """So much of the stage is done, from 0 to 1."""
        self._bar.update(self._task, completed=100 * share)


@contextmanager
def stage_progress(name: str, stages: int, *, quiet: bool = False) -> Iterator[StageProgress]:
    """Show how far a recording is, see `StageProgress`."""
    with progress(quiet=quiet) as bar:
        yield StageProgress(bar, name, stages)


def _face_strip(analysis: "Analysis", recording: Path) -> "list[FaceStill]":
    """Pictures of the recording at the apexes of the face's hotspots."""
    from emospot.media.stills import stills_at
    from emospot.report.face_strip import FaceStill, face_apexes

    apexes = face_apexes(analysis.utterances)
    return [FaceStill(time, image) for time, image in stills_at(recording, apexes)]
