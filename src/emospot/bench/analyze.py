"""The whole raw pipeline by stage: seconds of computing per second of media.

Loading of models and libraries happens once, before the clock starts: the first
run is thrown away. What is shown is the run of median total time.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from emospot.errors import UsageError

if TYPE_CHECKING:
    from emospot.analysis.types import Analysis


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage: seconds of computing, and as a share of the media's length."""

    stage: str
    seconds: float
    real_time_factor: float


@dataclass(frozen=True, slots=True)
class AnalyzeBench:
    """What analysing a recording costs.

    Args:
        recording: its name.
        media_seconds: its length.
        threads: cores that were used.
        stages: in the order of the pipeline.
        real_time_factor: all stages together.
        absent: modality → why it was not measured, so that it cost nothing.
    """

    recording: str
    media_seconds: float
    threads: int
    stages: tuple[StageTime, ...]
    real_time_factor: float
    absent: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dictionaries and numbers."""
        return asdict(self)


def bench_analyze(
    recording: Path | None = None,
    transcript: Path | None = None,
    *,
    threads: int = 1,
    repeats: int = 3,
    height: int | None = None,
) -> AnalyzeBench:
    """Analyse a recording several times and take the run of median time.

    Args:
        recording: None: the bundled conversation with the bundled face.
        transcript: of the recording.
        threads: cores to use.
        repeats: timed runs.
        height: of the bundled recording's pictures, see `write_sample_video`.

    Raises:
        UsageError: if a height is given and a recording, too, or the recording has no
            length (a transcript alone).
        EmospotError: if it cannot be analysed.
    """
    from emospot.bench.sample_video import write_sample_video
    from emospot.sample import sample_files

    if recording is not None and height is not None:
        raise UsageError("the height is that of the bundled recording: leave it out")
    with TemporaryDirectory() as folder, on_cores(threads):
        if recording is None:
            recording, transcript = Path(folder) / "sample.mkv", sample_files().transcript
            write_sample_video(recording, height)
        runs = [_run(recording, transcript, Path(folder)) for _ in range(repeats + 1)][1:]
    analysis, seconds = sorted(runs, key=lambda run: sum(run[1].values()))[len(runs) // 2]
    length = analysis.duration or 0.0
    stages = tuple(StageTime(stage, s, s / length) for stage, s in seconds.items())
    total = sum(seconds.values()) / length
    absent = _absent(analysis)
    return AnalyzeBench(recording.name, length, threads, stages, total, absent)


def _run(
    recording: Path, transcript: Path | None, folder: Path
) -> tuple["Analysis", dict[str, float]]:
    from emospot.analysis.analyze import analyze
    from emospot.report.files import write_analysis
    from emospot.report.page import write_report

    started = time.perf_counter()
    analysis = analyze(recording, transcript)
    analysed = time.perf_counter()
    if not analysis.duration:
        raise UsageError(f"{recording} has no length to compare with: give a recording")
    write_analysis(analysis, folder / "analysis.json")
    write_report(analysis, folder / "report.html", media=recording)
    written = time.perf_counter()
    seconds = dict(analysis.seconds_by_stage)
    # Loading the model from disk, findings.
    seconds["other"] = max(0.0, analysed - started - sum(seconds.values()))
    return analysis, {**seconds, "report": written - analysed}


def _absent(analysis: "Analysis") -> dict[str, str]:
    reasons: dict[str, set[str]] = {}
    for utterance in analysis.utterances:
        for modality, finding in utterance.modalities.items():
            reasons.setdefault(modality, set()).add("" if finding.present else finding.reason)
    return {m: found.pop() for m, found in reasons.items() if "" not in found}


@contextmanager
def on_cores(threads: int) -> Iterator[None]:
    """Compute on so many cores, whatever a library would start."""
    import torch

    before = torch.get_num_threads()
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    torch.set_num_threads(threads)
    if cores:
        os.sched_setaffinity(0, set(sorted(cores)[-threads:]))
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if cores:
            os.sched_setaffinity(0, cores)
