"""Ready-made features of published files, made fit for a store.

Such files hold numbers that no model can read: minus infinity where a voice
tracker took the logarithm of silence, NaN where a face was lost. They are read
as 0, as the published models of these files do, and counted. An utterance
whose numbers are all 0 has not got the modality: padding and failed
measurements look alike, and 0 throughout is no measurement of anything.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Tokens
from emospot.errors import CorpusError
from emospot.features.base import FeatureDescription


@dataclass(slots=True)
class ReadyMade:
    """Collects one modality of a corpus, utterance by utterance.

    Args:
        modality: e.g. "voice".
        extractor: what made the numbers, as far as the release says.
        version: what tells two such files apart, see `file_version`.
        columns: names of the numbers, where they have a meaning by themselves.
        licence: what their licence restricts, or "".
        dim: numbers a token, 0 before the first.
        present: utterances with the modality.
        absent: utterances whose numbers are all 0.
        broken: utterances with numbers that are not finite.
        longest: greatest number of tokens.
    """

    modality: str
    extractor: str
    version: str
    columns: tuple[str, ...] | None = None
    licence: str = ""
    dim: int = 0
    present: int = 0
    absent: int = 0
    broken: int = 0
    longest: int = 0

    def tokens(
        self, rows: Any, where: str, times: NDArray[np.floating] | None = None
    ) -> Tokens | None:
        """One utterance's numbers as tokens, None where all are 0.

        Args:
            rows: shape (T, d), or (d,) for a single vector; T may be 0.
            where: file and place, for the error.
            times: start and end of each row in seconds, shape (T, 2), or None.

        Raises:
            CorpusError: if these are no numbers, or d is not that of the
                utterances before.
        """
        values = _numbers(rows, where, self.modality)
        if values.ndim == 1:
            values = values[None, :]
        if values.ndim != 2:
            raise CorpusError(
                f"{where}: {self.modality} has shape {values.shape}, expected (tokens, numbers)"
            )
        if self.dim == 0:
            self.dim = values.shape[1]
        if values.shape[1] != self.dim:
            raise CorpusError(
                f"{where}: {self.modality} has {values.shape[1]} numbers a token, the utterances "
                f"before have {self.dim}; the file is damaged or mixed from two, get it again"
            )
        values = self.repaired(values)
        if not values.any():
            self.absent += 1
            return None
        self.present += 1
        self.longest = max(self.longest, len(values))
        return Tokens(values, times, columns=self.columns)

    def repaired(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The numbers of one utterance with 0 for what is not finite; that is counted."""
        finite = np.isfinite(values)
        if finite.all():
            return values
        self.broken += 1
        return np.where(finite, values, np.float32(0))

    def description(self) -> FeatureDescription:
        """What identifies the features that were collected."""
        return FeatureDescription(
            self.modality,
            self.extractor,
            self.version,
            self.dim,
            pooled=self.longest <= 1,
            licence=self.licence,
        )

    def notices(self) -> list[str]:
        """What was odd, one sentence each."""
        found = []
        if self.broken:
            found.append(
                f"{self.modality} of {self.broken} utterances has numbers that are not finite; "
                "they are read as 0"
            )
        if self.absent:
            found.append(
                f"{self.modality} of {self.absent} utterances is all zeros; they are taken as "
                f"without {self.modality}"
            )
        return found


def without_padding(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    """The rows from the first to the last that is not all zeros.

    Args:
        rows: shape (T, d), padded with zeros before or after.

    Returns:
        Shape (T', d), T' ≤ T; rows of zeros in between are kept.

    >>> without_padding(np.array([[0.0], [1.0], [0.0], [2.0], [0.0]])).tolist()
    [[1.0], [0.0], [2.0]]
    """
    filled = np.flatnonzero(rows.any(axis=1))
    return rows[filled[0] : filled[-1] + 1] if len(filled) else rows[:0]


def file_version(path: Path) -> str:
    """The beginning of a file's SHA-256: two files that differ must not be mixed.

    Raises:
        CorpusError: if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error


def _numbers(rows: Any, where: str, modality: str) -> NDArray[np.float32]:
    try:
        return np.asarray(rows, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise CorpusError(
            f"{where}: {modality} must be lists of numbers of one length ({error})"
        ) from error
