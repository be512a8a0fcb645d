"""Computational sequences (`.csd`), the files of the CMU Multimodal SDK.

A. Zadeh et al., "Multi-attention recurrent network for human communication
comprehension", AAAI 2018; github.com/CMU-MultiComp-Lab/CMU-MultimodalSDK. A
computational sequence is an HDF5 file with one group, the root name:

    ROOT/data/VIDEO/intervals    (N, 2) start and end in seconds
    ROOT/data/VIDEO/features     (N, d) numbers, or (N, 1) byte strings
    ROOT/metadata/KEY            (1,) JSON text, e.g. "dimension names"

In files that the SDK has aligned, a video is cut: VIDEO[0], VIDEO[1], … are its
segments. They are joined here, in the order of their numbers.

Reading needs h5py, which the extra [mosei] brings.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.errors import CorpusError, MissingExtraError

EXTRA = "mosei"
SUFFIX = ".csd"
DIMENSIONS = "dimension names"
OVERLAP = 1e-6
"""Seconds that an interval must share with another one to count as within it."""

_CUT = re.compile(r"(.*)\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Segments:
    """What a sequence has of one video.

    Args:
        intervals: start and end in seconds, shape (N, 2).
        features: shape (N, d), numbers or byte strings.
    """

    intervals: NDArray[np.float64]
    features: NDArray[Any]

    def within(self, start: float, end: float) -> "Segments":
        """The segments that overlap a span, cut to it.

        >>> two = Segments(np.array([[0.0, 2.0], [2.0, 4.0]]), np.array([[1.0], [2.0]]))
        >>> two.within(1.0, 2.0).intervals.tolist()
        [[1.0, 2.0]]
        """
        cut = np.stack(
            (np.maximum(self.intervals[:, 0], start), np.minimum(self.intervals[:, 1], end)),
            axis=1,
        )
        shared = cut[:, 1] - cut[:, 0] > OVERLAP
        return Segments(cut[shared], self.features[shared])


@dataclass(frozen=True, slots=True)
class ComputationalSequence:
    """An open file; videos are read when they are asked for.

    Args:
        path: the file.
        name: its root name, e.g. "COVAREP".
        dimensions: names of the d numbers, empty where the file has none.
        groups: video → its entries in the file, in order.
    """

    path: Path
    name: str
    dimensions: tuple[str, ...]
    groups: dict[str, list[Any]] = field(repr=False)

    def read(self, video: str) -> Segments | None:
        """All segments of a video in the order of the file, None where it has none.

        Raises:
            CorpusError: if intervals and features are missing or do not fit.
        """
        entries = [self._entry(video, group) for group in self.groups.get(video, ())]
        if not entries:
            return None
        widths = {entry.features.shape[1] for entry in entries}
        if len(widths) > 1:
            raise self._error(video, f"features have {min(widths)} and {max(widths)} numbers")
        return Segments(
            np.concatenate([entry.intervals for entry in entries]),
            np.concatenate([entry.features for entry in entries]),
        )

    def _entry(self, video: str, group: Any) -> Segments:
        try:
            intervals = np.asarray(group["intervals"], dtype=np.float64)
            features = np.asarray(group["features"])
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise self._error(video, f"intervals or features cannot be read ({error})") from error
        if features.ndim != 2 or intervals.shape != (len(features), 2):
            raise self._error(
                video,
                f"intervals {intervals.shape} and features {features.shape} do not fit; expected "
                "(N, 2) and (N, d)",
            )
        if not np.isfinite(intervals).all():
            raise self._error(video, "an interval is not finite")
        return Segments(intervals, features)

    def _error(self, video: str, problem: str) -> CorpusError:
        return CorpusError(f'{self.path}, video "{video}": {problem}; get the file again')


@contextmanager
def open_sequence(path: Path) -> Iterator[ComputationalSequence]:
    """Open a computational sequence.

    Args:
        path: a .csd file.

    Raises:
        MissingExtraError: if h5py is not installed.
        CorpusError: if the file is missing, damaged, or none.
    """
    try:
        import h5py
    except ImportError:
        raise MissingExtraError("files of the CMU Multimodal SDK (.csd)", EXTRA) from None
    if not path.is_file():
        raise CorpusError(f"{path}: no such file")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise CorpusError(f"{path} is no whole HDF5 file ({error}); download it again") from error
    with file:
        roots = [name for name in file if isinstance(file[name], h5py.Group)]
        if len(roots) != 1 or not isinstance(file[roots[0]].get("data"), h5py.Group):
            raise CorpusError(
                f"{path} is no computational sequence: expected ROOT/data/VIDEO, found "
                f"{', '.join(roots) or 'no group'} at its root"
            )
        root = file[roots[0]]
        yield ComputationalSequence(path, roots[0], _dimensions(root), _videos(root["data"]))


def _videos(data: Any) -> dict[str, list[Any]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for name in data:
        match = _CUT.fullmatch(name)
        video, number = (match.group(1), int(match.group(2))) if match else (name, 0)
        found.setdefault(video, []).append((number, name))
    return {video: [data[name] for _, name in sorted(cuts)] for video, cuts in found.items()}


def _dimensions(root: Any) -> tuple[str, ...]:
    """The names of the numbers; files without them, or with other content, are common."""
    try:
        text = root["metadata"][DIMENSIONS][0]
        names = json.loads(text.decode() if isinstance(text, bytes) else text)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        return ()
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return tuple(names)
    return ()
