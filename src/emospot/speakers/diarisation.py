"""Who speaks when, told by the voices: spans of speech become turns.

    moments of the spans → embeddings          `voice_windows`
    embeddings → how many voices, and which     `voice_clusters`
    moments → voice; changes within a span      `resegmentation`
    cut at the quietest place, name by order

One voice is heard at a time: where two speak at once, the louder one counts. How often
it is wrong is measured in docs/speakers.md.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from emospot.features.base import Span
from emospot.features.voice_ge2e import Ge2eVoice
from emospot.processes import one_thread
from emospot.speakers.resegmentation import voices_of
from emospot.speakers.turns import Turn, named_in_order
from emospot.speakers.voice_clusters import COHESION, directions
from emospot.speakers.voice_windows import VoiceWindows, voice_windows

Sounds = Iterable[tuple[int, NDArray[np.float32]]]
"""Number of a span and its samples at 16 kHz."""


def turns_of_spans(
    sounds: Sounds,
    spans: Sequence[Span],
    speakers: int | None = None,
    *,
    encoder: Ge2eVoice | None = None,
) -> list[Turn]:
    """Tell voices apart and cut spans where the speaker changes.

    Args:
        sounds: of the spans, see `emospot.media.audio_of_spans`.
        spans: where somebody speaks, in seconds, in order of time.
        speakers: how many there are, None where that is to be found out.
        encoder: what embeds voices; None: a fresh one.

    Returns:
        Turns in order of time; each span is covered without a gap.

    Raises:
        MissingExtraError: if Resemblyzer is not installed.
    """
    with one_thread():
        windows = voice_windows(sounds, spans, encoder or Ge2eVoice())
    return turns_of_windows(windows, spans, speakers)


def turns_of_windows(
    windows: VoiceWindows,
    spans: Sequence[Span],
    speakers: int | None = None,
    *,
    cohesion: float = COHESION,
) -> list[Turn]:
    """The turns that moments show; see `turns_of_spans`."""
    labels = np.zeros(0, dtype=np.intp)
    if len(windows):
        voices = directions(windows.embeddings, speakers, cohesion=cohesion)
        labels = voices_of(windows, voices)
    pieces: list[tuple[float, float, int]] = []
    for index, (start, end) in enumerate(spans):
        first, last = np.searchsorted(windows.span, (index, index + 1))
        # Where nothing was audible, the speaker goes on.
        voice = int(labels[first]) if last > first else (pieces[-1][2] if pieces else 0)
        begun = start
        for moment in range(first, last - 1):
            after = int(labels[moment + 1])
            if after != voice:
                cut = min(max(float(windows.cuts[moment]), begun), end)
                pieces.append((begun, cut, voice))
                begun, voice = cut, after
        pieces.append((begun, end, voice))
    pieces = [piece for piece in pieces if piece[1] > piece[0]]
    names = named_in_order([voice for _, _, voice in pieces])
    return [(start, end, name) for (start, end, _), name in zip(pieces, names, strict=True)]


def speakers_of_utterances(
    sounds: Sounds,
    spans: Sequence[Span],
    speakers: int | None = None,
    *,
    encoder: Ge2eVoice | None = None,
) -> list[str | None]:
    """Tell the speakers of utterances whose bounds stand.

    Args:
        sounds: as in `turns_of_spans`.
        spans: of the utterances, in turn order; they may overlap.
        speakers: as in `turns_of_spans`.
        encoder: as in `turns_of_spans`.

    Returns:
        The name of each, None where nothing was audible.

    Raises:
        MissingExtraError: if Resemblyzer is not installed.
    """
    with one_thread():
        windows = voice_windows(sounds, spans, encoder or Ge2eVoice())
    if not len(windows):
        return [None] * len(spans)
    voices = directions(windows.embeddings, speakers)
    labels = voices_of(windows, voices, change=math.inf)
    heard, places = np.unique(windows.span, return_index=True)
    names = named_in_order([int(labels[place]) for place in places])
    by_span = dict(zip(heard.tolist(), names, strict=True))
    return [by_span.get(index) for index in range(len(spans))]


def speakers_by_turns(spans: Sequence[Span], turns: Sequence[Turn]) -> list[str | None]:
    """The speaker of each span: whose turns overlap it most, None where none does.

    >>> speakers_by_turns([(0.0, 2.0), (8.0, 9.0)], [(0.0, 0.5, "Ann"), (0.5, 3.0, "Ben")])
    ['Ben', None]
    """
    found: list[str | None] = []
    for start, end in spans:
        shared: dict[str, float] = {}
        for begun, ended, speaker in turns:
            if (overlap := min(end, ended) - max(start, begun)) > 0:
                shared[speaker] = shared.get(speaker, 0.0) + overlap
        found.append(max(shared, key=shared.__getitem__) if shared else None)
    return found
