"""The voice descriptors that every descriptor extractor names alike.

| column     | unit                                             |
|------------|--------------------------------------------------|
| `loudness` | perceived loudness, ≥ 0, 0 in silence; its scale is the extractor's own |
| `pitch`    | semitones above 27.5 Hz, 0 where unvoiced        |
| `voiced`   | 1 where the vocal folds swing, else 0            |
| `rate`     | syllable nuclei a second around the frame        |

Hotspot detectors read these four and nothing else, so that they work with every
extractor.

Speech rate is counted in syllable nuclei, in the manner of N. de Jong and T.
Wempe, "Praat script to detect syllable nuclei and measure speech rate
automatically", Behavior Research Methods 41 (2009): a nucleus is a voiced peak
of the loudness level with a dip before and after it. A nucleus owns the frames
that are closer to it than to any other, and their rate is one over their
duration, smoothed with a Gaussian of a quarter of a second.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from emospot.conversation import Tokens
from emospot.errors import FeatureError

LOUDNESS = "loudness"
PITCH = "pitch"
VOICED = "voiced"
RATE = "rate"
STANDARD = (LOUDNESS, PITCH, VOICED, RATE)
"""The columns that every descriptor extractor gives, in this order, first."""

Floats = NDArray[np.floating]

_SMOOTHING = 0.02  # seconds, removes the ripple of single glottal periods
_DIP = 2.0  # phon between a nucleus and the dips around it
_RANGE = 25.0  # phon below the loud frames, under which nothing is a nucleus
_WINDOW = 0.25  # seconds, standard deviation of the rate's smoothing
_SHORTEST_SYLLABLE = 0.1  # seconds, nobody speaks faster
_LONE_SYLLABLE = 0.25  # seconds, least duration of the only syllable of an utterance


def loudness_level(loudness: Floats) -> NDArray[np.float64]:
    """Loudness on a logarithmic scale: 10 more where it sounds twice as loud.

    Args:
        loudness: perceived loudness, ≥ 0, shape (T,). Values under 0.01 count
            as 0.01, so that silence has a finite level.

    >>> loudness_level(np.array([1.0, 2.0, 0.5]))
    array([ 0., 10., -10.])
    """
    return np.asarray(10.0 * np.log2(np.maximum(loudness, 0.01)), dtype=np.float64)


def syllable_nuclei(loudness: Floats, voiced: Floats, hop: float) -> NDArray[np.intp]:
    """Frames at which a syllable has its nucleus.

    Args:
        loudness: perceived loudness, shape (T,).
        voiced: above 0.5 where voiced, shape (T,).
        hop: seconds a frame.

    Returns:
        Frame indices in order.
    """
    if not (voiced > 0.5).any():
        return np.zeros(0, dtype=np.intp)
    level = gaussian_filter1d(loudness_level(loudness), _SMOOTHING / hop)
    lowest = np.percentile(level[voiced > 0.5], 95) - _RANGE
    # The level drops to the floor outside the utterance, so that its first
    # and last syllable have a dip on both sides.
    padded = np.concatenate([[level.min() - _DIP], level, [level.min() - _DIP]])
    peaks = find_peaks(padded, height=lowest, prominence=_DIP)[0] - 1
    return np.asarray(peaks[voiced[peaks] > 0.5], dtype=np.intp)


def syllable_rate(loudness: Floats, voiced: Floats, hop: float) -> NDArray[np.float64]:
    """Syllable nuclei a second around each frame.

    Args:
        loudness: perceived loudness, shape (T,).
        voiced: above 0.5 where voiced, shape (T,).
        hop: seconds a frame.

    Returns:
        Shape (T,), 0 where there is no nucleus at all.
    """
    nuclei = syllable_nuclei(loudness, voiced, hop)
    if len(nuclei) == 0:
        return np.zeros(len(loudness))
    heard = np.flatnonzero(voiced > 0.5)
    between = (nuclei[1:] + nuclei[:-1]) / 2
    before = nuclei - np.append(heard[0], between)
    after = np.append(between, heard[-1]) - nuclei
    if len(nuclei) == 1:
        # One short syllable ("No!") says little about rate: it counts as usual.
        after = np.maximum(after, _LONE_SYLLABLE / hop - before)
    else:
        # A nucleus at the very end of the speech does not make it faster.
        before[0] = max(before[0], after[0])
        after[-1] = max(after[-1], before[-1])
    width = np.maximum((before + after) * hop, _SHORTEST_SYLLABLE)
    owner = np.searchsorted(between, np.arange(len(loudness)))
    return np.asarray(
        gaussian_filter1d(1.0 / width[owner], _WINDOW / hop, mode="nearest"), dtype=np.float64
    )


def average_frames(
    values: NDArray[np.float64], columns: tuple[str, ...], size: int, voiced_only: frozenset[str]
) -> NDArray[np.float64]:
    """Fewer, longer frames: means of `size` frames each.

    Args:
        values: shape (T, d).
        columns: the d names.
        size: frames to join; the last joined frame may hold fewer.
        voiced_only: columns that are averaged over the voiced frames alone,
            because their value elsewhere means "none", not a number.

    Returns:
        Shape (⌈T / size⌉, d). A joined frame is voiced where at least half of
        it is; where it is not, its `pitch` is 0.
    """
    if size == 1:
        return values
    starts = np.arange(0, len(values), size)
    counts = np.diff(np.append(starts, len(values)))[:, None]
    joined = np.asarray(np.add.reduceat(values, starts, axis=0) / counts)
    voiced = values[:, columns.index(VOICED)] > 0.5
    voices = np.add.reduceat(voiced.astype(np.float64), starts)
    for i, name in enumerate(columns):
        if name in voiced_only:
            total = np.add.reduceat(np.where(voiced, values[:, i], 0.0), starts)
            joined[:, i] = np.where(voices > 0, total / np.maximum(voices, 1), joined[:, i])
    is_voiced = voices >= counts[:, 0] / 2
    joined[:, columns.index(VOICED)] = is_voiced
    joined[~is_voiced, columns.index(PITCH)] = 0.0
    return joined


def voiced_only(columns: tuple[str, ...]) -> frozenset[str]:
    """The columns that are defined only where there is a voice: pitch, and openSMILE's "nz"."""
    return frozenset({PITCH, *(name for name in columns if name.endswith("nz"))})


def with_longer_frames(tokens: Tokens, hop: float) -> Tokens:
    """The same descriptors with one token for so many seconds, as if measured so.

    Args:
        tokens: of a voice, with times and the columns of an extractor.
        hop: seconds a token; a multiple of what the tokens have.

    Raises:
        FeatureError: if the tokens have no times or columns, or are longer already.
    """
    if tokens.times is None or tokens.columns is None:
        raise FeatureError("voice tokens need times and columns to be joined")
    if len(tokens) < 2:
        return tokens
    own = frame_hop(np.asarray(tokens.times))
    size = round(hop / own)
    if size < 1 or abs(size * own - hop) > 0.1 * own:
        raise FeatureError(f"voice tokens of {own:g} s cannot be joined to {hop:g} s")
    values = np.asarray(tokens.values, dtype=np.float64)
    joined = average_frames(values, tokens.columns, size, voiced_only(tokens.columns))
    starts = np.asarray(tokens.times)[::size, 0]
    ends = np.append(starts[1:], np.asarray(tokens.times)[-1, 1])
    return Tokens(
        joined.astype(np.float32), np.column_stack([starts, ends]), columns=tokens.columns
    )


def frame_hop(times: NDArray[np.floating]) -> float:
    """Seconds from one frame to the next.

    Args:
        times: start and end of the frames, shape (T ≥ 2, 2).
    """
    return float(np.median(np.diff(times[:, 0])))


def frame_times(count: int, hop: float, start: float, end: float) -> NDArray[np.float64]:
    """Start and end of each frame in seconds from the start of the recording.

    Args:
        count: number of frames.
        hop: seconds a frame.
        start: seconds at the first frame's start.
        end: seconds beyond which no frame reaches.

    >>> frame_times(2, 0.5, 10.0, 10.75)
    array([[10.  , 10.5 ],
           [10.5 , 10.75]])
    """
    edges = start + np.arange(count + 1) * hop
    return np.column_stack([edges[:-1], np.minimum(edges[1:], end)])
