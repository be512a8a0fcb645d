"""Many recordings, one after the other or several at once."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emospot.cli.analyze_one import analyze_one
from emospot.cli.console import progress
from emospot.errors import EmospotError
from emospot.processes import ProcessKilledError, each_in_processes

if TYPE_CHECKING:
    from emospot.analysis.types import Analysis

Result = Callable[[], "Analysis"]


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
        speakers: who tells speakers apart where the transcript does not.
        recogniser: what recognises words, "" for nothing.
        allow_download: whether its model may be fetched.
    """

    recording: Path
    transcript: Path | None
    model: str
    out: Path
    detectors: tuple[str, ...]
    stem: str
    stills: bool
    quiet: bool = False
    speakers: str = "auto"
    recogniser: str = ""
    allow_download: bool = False

    @property
    def names(self) -> tuple[str, str]:
        """File names of the JSON and the report."""
        return f"{self.stem}.analysis.json", f"{self.stem}.html"

    def digest(self) -> str:
        """Of the files as they are now, the model and the settings.

        Raises:
            ModelError: if there is no such model.
            OSError: if a file is not there.
        """
        import emospot
        from emospot.analysis.models import model_folder

        folder = model_folder(self.model)
        asked = [
            emospot.__version__,
            [_identity(path) for path in self._files],
            [_identity(path) for path in sorted(folder.iterdir()) if path.is_file()],
            [sorted(self.detectors), self.stills, self.speakers, self.recogniser],
        ]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]

    def done_before(self) -> dict[str, Any] | None:
        """Its analysis, if it is there with its report, of the same files, model and settings."""
        written, report = (self.out / name for name in self.names)
        try:
            found = json.loads(written.read_text(encoding="utf-8"))
            # The report is written last.
            whole = report.stat().st_mtime_ns >= written.stat().st_mtime_ns
            same = whole and found["asked"] == self.digest()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if same else None

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
            speakers=self.speakers,
            recogniser=self.recogniser,
            allow_download=self.allow_download,
            # Before: what changes meanwhile has not been analysed.
            asked=self.digest() if all(path.is_file() for path in self._files) else "",
        )

    @property
    def _files(self) -> list[Path]:
        return [self.recording, *([self.transcript] if self.transcript else [])]


def _identity(path: Path) -> list[Any]:
    status = path.stat()
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]


def each_analysed(asked: Sequence[Asked], jobs: int) -> Iterator[tuple[Asked, Result]]:
    """Analyse recordings; each with what gives its analysis, or raises why there is none.

    Args:
        asked: the recordings.
        jobs: how many at a time; then they come as they are done.
    """
    if jobs == 1 or len(asked) < 2:
        yield from ((one, one.analysed) for one in asked)
        return
    with progress() as bar:
        task = bar.add_task("recordings", total=len(asked))
        quiet = [replace(one, quiet=True) for one in asked]
        # What was measured before its process was killed is in the recording's journal.
        for one, result in each_in_processes(_analysed, quiet, jobs):
            bar.advance(task)
            yield one, partial(_named, one, result)


def _analysed(one: Asked) -> "Analysis":
    return one.analysed()


def _named(one: Asked, result: Result) -> "Analysis":
    try:
        return result()
    except ProcessKilledError as error:
        raise EmospotError(f"{one.recording}: {error}") from error
