"""Many recordings, one after the other or several at once."""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emospot.cli.analyze_one import analyze_one
from emospot.cli.console import progress

if TYPE_CHECKING:
    from emospot.analysis.types import Analysis


@dataclass(frozen=True, slots=True)
class Asked:
    """A recording that is to be analysed.

    Args:
        recording: media or transcript.
        transcript: of the recording, or None.
        model: name, folder or run.
        out: folder for the outputs.
        detectors: choices of hotspot detectors.
        stem: of the outputs' names.
        stills: whether the report holds pictures of the face's hotspots.
        quiet: show no progress of its own.
    """

    recording: Path
    transcript: Path | None
    model: str
    out: Path
    detectors: tuple[str, ...]
    stem: str
    stills: bool
    quiet: bool

    @property
    def names(self) -> tuple[str, str]:
        """File names of the JSON and the report."""
        return f"{self.stem}.analysis.json", f"{self.stem}.html"

    def is_done(self) -> bool:
        """Whether its outputs are there, newer than what they are of, and by the same model."""
        import emospot
        from emospot.analysis.models import model_folder
        from emospot.model.pretrained import read_description

        sources = [self.recording, *([self.transcript] if self.transcript else [])]
        outputs = [self.out / name for name in self.names]
        try:
            newest = max(path.stat().st_mtime for path in sources)
            if min(path.stat().st_mtime for path in outputs) < newest:
                return False
            found = json.loads(outputs[0].read_text(encoding="utf-8"))
            by = (found["model"]["name"], found["model"]["version"], found["emospot_version"])
        except (OSError, ValueError, KeyError, TypeError):
            return False
        card = read_description(model_folder(self.model))[1]
        return by == (card.name, card.emospot_version, emospot.__version__)

    def analysed(self) -> "Analysis":
        """Analyse it and write its outputs."""
        return analyze_one(
            self.recording,
            self.transcript,
            self.model,
            self.out,
            self.detectors,
            names=self.names,
            stills=self.stills,
            quiet=self.quiet,
        )


def each_analysed(
    asked: Sequence[Asked], jobs: int
) -> Iterator[tuple[Asked, "Callable[[], Analysis]"]]:
    """Analyse recordings; each with what gives its analysis, or raises why there is none.

    Args:
        asked: the recordings.
        jobs: how many at a time; then they come as they are done.
    """
    if jobs == 1 or len(asked) < 2:
        yield from ((one, one.analysed) for one in asked)
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = max(1, (cores or 1) // jobs)
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(asked)), context, _share_cores, (threads,))
    with pool, progress() as bar:
        task = bar.add_task("recordings", total=len(asked))
        try:
            waiting = {pool.submit(one.analysed): one for one in asked}
            for future in as_completed(waiting):
                bar.advance(task)
                yield waiting[future], future.result
        except BaseException:
            # Whatever they are doing: a recording takes minutes, and is gone on with later.
            for process in list((pool._processes or {}).values()):
                process.kill()
            raise


def _share_cores(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)
