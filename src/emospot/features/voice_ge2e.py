"""One voice embedding an utterance, from Resemblyzer's GE2E encoder.

GE2E (L. Wan et al., "Generalized end-to-end loss for speaker verification",
ICASSP 2018) is a three-layer LSTM over 40 mel bands, trained to tell speakers
apart; its embedding also carries the manner of speaking. The utterance is made
at least −30 dB loud, long silences are cut out by WebRTC's voice activity
detector, and windows of 1.6 s are embedded, 1.3 a second by default; the result
is the mean of the windows' embeddings with length 1. So T = 1: hotspot-gated
fusion has nothing to gate within such an utterance.

The encoder, its weights, the volume and the trimming are Resemblyzer's. The
mel bands are computed here, to the same values: Resemblyzer takes them from a
function that is compiled on first use, which takes ten seconds and more.
"""

import hashlib
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import VOICE, Tokens
from emospot.errors import MissingExtraError, UsageError
from emospot.features.base import FeatureDescription, Reloaded
from emospot.features.spectrum import frames, mel_filters
from emospot.features.voice_basic import finite
from emospot.media.audio import SAMPLE_RATE

DIM = 256
DEFAULT_RATE = 1.3
"""Windows a second, Resemblyzer's default, by which published tables were made."""

_SLOWEST_RATE = 0.625  # windows of 1.6 s then lie end to end
_LENGTH = 400
_HOP = 160
_BANDS = 40
_WINDOW = 160  # frames of 10 ms that the encoder was trained on
_COVERAGE = 0.75  # of the last window that must be sound, Resemblyzer's default
_BATCH = 32  # windows at a time, so that memory does not grow with the utterance
_TRIM_BLOCK = 60 * SAMPLE_RATE  # samples, a multiple of the detector's 30 ms
_INAUDIBLE = 1e-4  # root mean square (−80 dB) of digital silence with dither


class Ge2eVoice(Reloaded):
    """The GE2E embedding of an utterance, one token of 256 numbers, on the CPU.

    Args:
        rate: windows a second, 0.625 (end to end) to 20. Fewer are faster;
            features of different rates are described as different.
        shortest: seconds of speech that must be left after trimming.
            Half a second still resembles the whole utterance (cosine 0.7
            in the middle), a fifth of a second hardly does (0.55).

    Raises:
        MissingExtraError: if Resemblyzer or its voice activity detector is not
            installed.
        UsageError: if `rate` is out of range.
    """

    def __init__(self, rate: float = DEFAULT_RATE, shortest: float = 0.3) -> None:
        if not _SLOWEST_RATE <= rate <= 20:
            raise UsageError(f"GE2E takes {_SLOWEST_RATE} to 20 windows a second, found {rate}")
        try:
            self._resemblyzer  # noqa: B018 - tells at once whether it is there
        except ImportError as error:
            raise MissingExtraError("GE2E voice features", "voice") from error
        self._rate = rate
        self._shortest = shortest

    @cached_property
    def _resemblyzer(self) -> Any:
        with _quiet():
            import resemblyzer

            return resemblyzer

    @cached_property
    def _encoder(self) -> Any:
        with _quiet():
            return self._resemblyzer.VoiceEncoder("cpu", verbose=False).eval()

    @cached_property
    def _version(self) -> str:
        weights = Path(self._resemblyzer.__file__).parent / "pretrained.pt"
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        return f"Resemblyzer {version('resemblyzer')}, weights {digest[:12]}"

    def describe(self) -> FeatureDescription:
        """What identifies this feature."""
        options = {"rate": self._rate, "shortest": self._shortest}
        return FeatureDescription(VOICE, "ge2e", self._version, DIM, pooled=True, options=options)

    def extract(self, audio: NDArray[np.float32], start: float) -> Tokens | None:
        """The embedding, None where too little speech is heard.

        Args:
            audio: mono samples in [-1, 1] at 16 kHz, shape (n,). Values that
                are not finite count as 0.
            start: seconds from the start of the recording at `audio[0]`.

        Returns:
            One token of length 1 whose time is the whole utterance.
        """
        audio = finite(audio)
        speech = self._speech(audio)
        if len(speech) < max(1.0, self._shortest * SAMPLE_RATE):
            return None
        windows = self._window_embeddings(speech)
        mean = windows.mean(axis=0, dtype=np.float64)
        embedding = (mean / np.linalg.norm(mean)).astype(np.float32)
        times = np.array([[start, start + len(audio) / SAMPLE_RATE]])
        return Tokens(embedding[None], times)

    def windows(
        self, audio: NDArray[np.float32], step: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """How the voice sounds from moment to moment: one embedding each `step` seconds.

        Nothing is trimmed, so that times stay true. The first and last windows lie
        against the ends; sound shorter than a window stands in the middle of silence.

        Args:
            audio: as in `extract`.
            step: seconds from moment to moment.

        Returns:
            The moments in seconds from the start of `audio`, shape (n,), and their
            embeddings of length 1, shape (n, 256); n is at least 1 where there is
            audible sound, else 0.
        """
        normal = self._loud(finite(audio))
        frames_heard = len(normal) // _HOP
        if frames_heard == 0:
            return np.zeros(0), np.zeros((0, DIM), np.float32)
        moments = np.arange(0.5 * step, max(len(normal) / SAMPLE_RATE, step), step)
        half = _WINDOW // 2
        middles = np.round(moments * SAMPLE_RATE / _HOP).astype(int)
        middles = (
            np.clip(middles, half, frames_heard - half)
            if frames_heard >= _WINDOW
            else np.full(len(middles), frames_heard // 2)
        )
        mel = mel_spectrogram(np.pad(normal, (half * _HOP, half * _HOP)))
        return moments, self._embedded(mel, [slice(m, m + _WINDOW) for m in middles])

    def _loud(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """The sound at normal volume, empty where nothing can be heard."""
        from resemblyzer.hparams import audio_norm_target_dBFS

        if len(audio) == 0 or math.sqrt(float(np.mean(np.square(audio)))) < _INAUDIBLE:
            return np.zeros(0, dtype=np.float32)
        loud: NDArray[np.float32] = self._resemblyzer.normalize_volume(
            audio, audio_norm_target_dBFS, increase_only=True
        ).astype(np.float32)
        return loud

    def _speech(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """The utterance at normal volume without its long silences, maybe empty."""
        normal = self._loud(audio)
        # The detector takes 16-bit samples; raising the volume can exceed them.
        normal = np.clip(normal, -1.0, 1.0).astype(np.float32)
        blocks = range(0, len(normal), _TRIM_BLOCK)
        window = SAMPLE_RATE * 30 // 1000
        kept = [
            self._resemblyzer.trim_long_silences(normal[first : first + _TRIM_BLOCK])
            for first in blocks
            if len(normal) - first >= window
        ]
        return np.concatenate(kept) if kept else np.zeros(0, dtype=np.float32)

    def _window_embeddings(self, speech: NDArray[np.float32]) -> NDArray[np.float32]:
        """The embedding of each window of 1.6 s, shape (windows, 256)."""
        sound, spans = self._encoder.compute_partial_slices(len(speech), self._rate, _COVERAGE)
        missing = max(0, sound[-1].stop - len(speech))
        return self._embedded(mel_spectrogram(np.pad(speech, (0, missing))), spans)

    def _embedded(self, mel: NDArray[np.float32], spans: Sequence[slice]) -> NDArray[np.float32]:
        import torch

        parts = []
        with torch.inference_mode():
            for first in range(0, len(spans), _BATCH):
                batch = np.stack([mel[span] for span in spans[first : first + _BATCH]])
                parts.append(self._encoder(torch.from_numpy(batch)).numpy())
        return np.concatenate(parts)


def mel_spectrogram(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Power in 40 mel bands every 10 ms, as the GE2E encoder was trained on.

    Args:
        audio: samples at 16 kHz, shape (n,).

    Returns:
        Shape (n // 160 + 1, 40). Frames of 25 ms under a periodic Hann window
        are centred on multiples of 10 ms, with zeros beyond the ends.
    """
    count = len(audio) // _HOP + 1
    padded = np.pad(audio, (_LENGTH // 2, _LENGTH))
    shape = np.hanning(_LENGTH + 1)[:-1].astype(np.float32)
    filters = mel_filters(_BANDS, _LENGTH)
    mel = np.empty((count, _BANDS), dtype=np.float32)
    for first in range(0, count, 2000):
        last = min(first + 2000, count)
        windows = frames(padded, _LENGTH, _HOP, first, last) * shape
        mel[first:last] = np.abs(np.fft.rfft(windows, axis=1)) ** 2 @ filters
    return mel


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the deprecation warnings of Resemblyzer's imports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
