"""The whole raw pipeline by stage: seconds of computing per second of media.

Loading of models and libraries happens once, before the clock starts: the first
run is thrown away. What is shown is the run of median total time.
"""

import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


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
    """

    recording: str
    media_seconds: float
    threads: int
    stages: tuple[StageTime, ...]
    real_time_factor: float

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dictionaries and numbers."""
        return asdict(self)


def bench_analyze(
    recording: Path | None, transcript: Path | None, *, threads: int = 1, repeats: int = 3
) -> AnalyzeBench:
    """Analyse a recording several times and take the run of median time.

    Args:
        recording: None: the bundled conversation.
        transcript: of the recording.
        threads: cores to use, in libraries that can be told.
        repeats: timed runs.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:threads]))
    import torch

    from emospot.sample import sample_files

    torch.set_num_threads(threads)
    if recording is None:
        recording, transcript = sample_files().conversation, sample_files().transcript
    runs = [_run(recording, transcript) for _ in range(repeats + 1)][1:]
    seconds, length = sorted(runs, key=lambda run: sum(run[0].values()))[len(runs) // 2]
    stages = tuple(StageTime(stage, s, s / length) for stage, s in seconds.items())
    total = sum(seconds.values()) / length
    return AnalyzeBench(recording.name, length, threads, stages, total)


def _run(recording: Path, transcript: Path | None) -> tuple[dict[str, float], float]:
    from emospot.analysis.analyze import analyze
    from emospot.report.files import write_analysis
    from emospot.report.page import write_report

    started = time.perf_counter()
    analysis = analyze(recording, transcript)
    analysed = time.perf_counter() - started
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        write_analysis(analysis, Path(folder) / "analysis.json")
        write_report(analysis, Path(folder) / "report.html", media=recording)
        report = time.perf_counter() - started
    seconds = dict(analysis.seconds_by_stage)
    seconds["other"] = max(0.0, analysed - sum(seconds.values()))
    return {**seconds, "report": report}, analysis.duration or 1.0
