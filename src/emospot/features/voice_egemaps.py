"""The low-level descriptors of eGeMAPS, measured with openSMILE.

eGeMAPS is the extended Geneva minimalistic acoustic parameter set (F. Eyben et
al., IEEE Transactions on Affective Computing 7, 2016): 25 descriptors of
loudness, pitch, spectrum, formants and voice quality, one frame every 10 ms.
The columns are the four of `voice_descriptors` (`loudness` and `pitch` are
openSMILE's own, `voiced` is where it finds a pitch, `rate` is counted from
them), then the other 23 under openSMILE's names.

openSMILE's pitch, voice quality and formant windows last 60 ms and its spectral windows
20 ms; both begin together, so the former look 20 ms further ahead. That is
openSMILE's published layout and is kept.

openSMILE's licence excludes commercial products; `voice_basic` does without.
"""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import VOICE, Tokens
from emospot.errors import MissingExtraError
from emospot.features.base import FeatureDescription, Reloaded
from emospot.features.voice_basic import finite, frames_a_token
from emospot.features.voice_descriptors import (
    LOUDNESS,
    PITCH,
    STANDARD,
    average_frames,
    frame_times,
    syllable_rate,
    voiced_only,
)
from emospot.media.audio import SAMPLE_RATE

LICENCE = (
    "openSMILE is free for research and private use; its licence excludes commercial "
    'products (use the voice extractor "basic" there).'
)

_PUBLISHED = {"Loudness_sma3": LOUDNESS, "F0semitoneFrom27.5Hz_sma3nz": PITCH}
_SHORTEST = 0.06  # seconds: one window of openSMILE's pitch
_HALF_SPECTRAL_WINDOW = 0.01  # seconds


class EgemapsVoice(Reloaded):
    """eGeMAPSv02 low-level descriptors.

    Args:
        hop: seconds a token, a multiple of 0.01. Tokens longer than 0.01 s
            are means of 10 ms frames; columns that exist only where there is
            a voice (`…nz`, `pitch`) are means of the voiced frames. This saves
            memory, not time: openSMILE's work stays the same.

    Raises:
        MissingExtraError: if openSMILE is not installed.
        UsageError: if `hop` is not a multiple of 0.01.
    """

    def __init__(self, hop: float = 0.01) -> None:
        try:
            self._opensmile  # noqa: B018 - tells at once whether it is there
        except ImportError as error:
            raise MissingExtraError("eGeMAPS voice features", "voice") from error
        self._size = frames_a_token(hop)
        self._hop = self._size * 0.01

    @cached_property
    def _opensmile(self) -> Any:
        import opensmile

        return opensmile

    @cached_property
    def _smile(self) -> Any:
        return self._opensmile.Smile(
            feature_set=self._opensmile.FeatureSet.eGeMAPSv02,
            feature_level=self._opensmile.FeatureLevel.LowLevelDescriptors,
            sampling_rate=SAMPLE_RATE,
        )

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the 27 columns."""
        return (*STANDARD, *(n for n in self._smile.feature_names if n not in _PUBLISHED))

    def describe(self) -> FeatureDescription:
        """What identifies this feature."""
        return FeatureDescription(
            VOICE,
            "egemaps",
            f"eGeMAPSv02 of opensmile {self._opensmile.__version__}",
            len(self.columns),
            pooled=False,
            options={"hop": round(self._hop, 2)},
            licence=LICENCE,
        )

    def extract(self, audio: NDArray[np.float32], start: float) -> Tokens | None:
        """Descriptors of one utterance, None where it lasts under 60 ms.

        Args:
            audio: mono samples in [-1, 1] at 16 kHz, shape (n,). Values that
                are not finite count as 0.
            start: seconds from the start of the recording at `audio[0]`.
        """
        audio = finite(audio)
        if len(audio) < _SHORTEST * SAMPLE_RATE:
            return None
        values = average_frames(
            self._frames(audio), self.columns, self._size, voiced_only(self.columns)
        )
        # Frame t covers 10·t to 10·t + 20 ms; its token is the middle 10 ms.
        first = start + _HALF_SPECTRAL_WINDOW / 2
        times = frame_times(len(values), self._hop, first, start + len(audio) / SAMPLE_RATE)
        return Tokens(values.astype(np.float32), times, columns=self.columns)

    def _frames(self, audio: NDArray[np.float32]) -> NDArray[np.float64]:
        """All columns at 10 ms, shape (T, 27)."""
        published = np.asarray(self._smile(audio, SAMPLE_RATE)[0].T, dtype=np.float64)
        names = list(self._smile.feature_names)
        by_name = {_PUBLISHED.get(name, name): published[:, i] for i, name in enumerate(names)}
        voiced = (by_name[PITCH] > 0).astype(np.float64)
        rate = syllable_rate(by_name[LOUDNESS], voiced, 0.01)
        front = [by_name[LOUDNESS], by_name[PITCH], voiced, rate]
        return np.column_stack([*front, *(by_name[name] for name in self.columns[4:])])
