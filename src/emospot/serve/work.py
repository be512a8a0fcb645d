"""What is done in a job's process: look at the recording, analyse it, write report and JSON.

Everything that a user has sent is opened here and nowhere else. What an analysis says of the
stored file ("recording.mp4") is told under the name that the user knows.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from emospot.errors import EmospotError, MediaError, TranscriptError
from emospot.serve.child import Line

if TYPE_CHECKING:
    from emospot.analysis.types import Analysis
    from emospot.report.face_strip import FaceStill

ANALYSIS, REPORT, JOURNAL = "analysis.json", "report.html", "journal"
MOST_PIXELS = 7680 * 4320
"""Of a picture: the largest that cameras take."""
MOST_LETTERS = 10_000
"""Of an utterance: ten minutes of talk. Its words are read in pairs."""
SHARE_SECONDS = 0.2
"""Between two messages of how much is done."""
MEDIA_ADDRESS = "./media"
"""Where the report finds the recording: beside its own address."""
_PLAYER = re.compile(rf'(<(?:audio|video) id="player"[^<>]*? src="){re.escape(MEDIA_ADDRESS)}"')
"""In the report, whose texts are escaped: no text can begin like that."""


@dataclass(frozen=True, slots=True)
class Task:
    """One recording to analyse.

    Args:
        folder: of the job; results are written into it.
        recording: file name there.
        transcript: file name there, or "".
        is_media: whether `recording` is media; else a transcript by itself.
        name: of the recording, for people.
        model: name or folder.
        speakers: "auto", a number, or "".
        media_hours: length of the recording, at most.
        utterances: of a transcript, at most.
    """

    folder: Path
    recording: str
    transcript: str
    is_media: bool
    name: str
    model: str
    speakers: str
    media_hours: float
    utterances: int

    @property
    def path(self) -> Path:
        """Of the recording."""
        return self.folder / self.recording

    @property
    def transcript_path(self) -> Path | None:
        """Of the transcript."""
        return self.folder / self.transcript if self.transcript else None


def analyse(line: Line, task: Task) -> None:
    """Analyse a recording and write `ANALYSIS` and `REPORT`; progress goes over the line.

    Messages: `stage`, `share`, and at the end `done` with the warnings, or `failed`.
    """
    try:
        analysis = _analysed(line, task)
    except EmospotError as error:
        line.say(failed=renamed(str(error), task))
        return
    line.say(done=list(analysis.warnings))


def _analysed(line: Line, task: Task) -> "Analysis":
    from emospot.analysis.analyze import analyze
    from emospot.report.files import write_analysis
    from emospot.report.page import write_report
    from emospot.report.player import Player

    line.say(stage="decode")
    has_video = check_length(task)
    analysis = analyze(
        task.path,
        task.transcript_path,
        model=task.model,
        speakers=task.speakers or "auto",
        on_stage=lambda stage: line.say(stage=stage),
        on_share=_seldom(lambda share: line.say(share=round(share, 4))),
        journal=task.folder / JOURNAL,
    )
    warnings = tuple(renamed(warning, task) for warning in analysis.warnings)
    analysis = replace(analysis, recording=task.name, warnings=warnings)
    player = Player("video" if has_video else "audio", MEDIA_ADDRESS, task.name)
    write_report(
        analysis,
        task.folder / REPORT,
        media=player if task.is_media else None,
        face_strip=_face_strip(analysis, task.path) if has_video else None,
    )
    # Last, for it says that the results are whole.
    write_analysis(analysis, task.folder / ANALYSIS)
    return analysis


def check_length(task: Task) -> bool:
    """Look at recording and transcript before any work; whether there are moving pictures.

    Raises:
        MediaError: if the recording cannot be read, is too long or its pictures too large.
        TranscriptError: if the transcript cannot be read, has too many utterances or one that
            is too long.
    """
    from emospot.media.decode import probe
    from emospot.media.transcripts import read_transcript

    text = task.transcript_path if task.is_media else task.path
    if text is not None:
        segments = read_transcript(text).segments
        if len(segments) > task.utterances:
            raise TranscriptError(
                f"the transcript has {len(segments):,} utterances, this server takes "
                f"{task.utterances:,} at most: give it in parts"
            )
        longest = max(len(segment.text or "") for segment in segments)
        if longest > MOST_LETTERS:
            raise TranscriptError(
                f"the transcript has an utterance of {longest:,} characters, this server takes "
                f"{MOST_LETTERS:,} at most: write a line an utterance"
            )
    if not task.is_media:
        return False
    info = probe(task.path)
    hours = info.duration / 3600
    if not hours <= task.media_hours:
        raise MediaError(
            f"{task.path}: is {hours:,.1f} hours long, this server takes {task.media_hours:g} at "
            "most: give it in parts"
        )
    if (info.width or 0) * (info.height or 0) > MOST_PIXELS:
        raise MediaError(
            f"{task.path}: has pictures of {info.width} × {info.height} pixels, expected at "
            "most 7680 × 4320"
        )
    return info.has_video


def renamed(text: str, task: Task) -> str:
    """A sentence about the stored files, told under the names that the user knows."""
    short = text.replace(f"{task.folder}/", "").replace(f"{task.folder.resolve()}/", "")
    if task.transcript:
        short = short.replace(task.transcript, "the transcript")
    return short.replace(task.recording, task.name)


def beside_recording(report: str, name: str) -> str:
    """A report as it is kept: its player looks for the recording by its name, beside it.

    >>> beside_recording('<audio id="player" controls src="./media">', 'my "talk".wav')
    '<audio id="player" controls src="./my%20%22talk%22.wav">'
    """
    return _PLAYER.sub(lambda found: f'{found[1]}./{quote(name)}"', report, count=1)


def _seldom(say: Callable[[float], None]) -> Callable[[float], None]:
    """Say what is done a few times a second, not at each step."""
    last = 0.0

    def told(share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= SHARE_SECONDS or share >= 1:
            last = now
            say(share)

    return told


def _face_strip(analysis: "Analysis", recording: Path) -> "list[FaceStill]":
    from emospot.media.stills import stills_at
    from emospot.report.face_strip import FaceStill, face_apexes

    apexes = face_apexes(analysis.utterances)
    return [FaceStill(time, image) for time, image in stills_at(recording, apexes)]
