"""Phrases that are spoken unlike their neighbours are found, others are not."""

from pathlib import Path

import numpy as np
import pytest

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.corpora.ravdess_splices import splices
from emospot.errors import FeatureError
from emospot.evaluation.spotting import Span, SpottedRecording, spotting_scores
from emospot.features.voice_basic import COLUMNS, BasicVoice
from emospot.hotspots.voice_phrases import (
    COMPARED,
    NUMBERS,
    PhraseHotspots,
    compared,
    phrase_frames,
    phrases_by_speaker,
)

HOP = 0.01


def _speech(manner: float, seconds: float, random: np.random.Generator) -> np.ndarray:
    """Frames of a phrase: higher, clearer and livelier with its manner."""
    T = int(seconds / HOP)
    frames = np.zeros((T, len(COLUMNS)))
    values = {
        "loudness": 1.0 + 0.2 * np.sin(np.arange(T) / 8),
        "pitch": 30.0 + 6 * manner + (1 + 2 * manner) * np.sin(np.arange(T) / 20),
        "voiced": np.ones(T),
        "rate": np.full(T, 4.0 + manner),
        "periodicity": np.full(T, 0.8),
        "spectral_flux": np.full(T, 0.3 + 0.2 * manner),
        "spectral_centroid": np.full(T, 0.8 + 0.6 * manner),
        "alpha_ratio": np.full(T, -15.0 + 8 * manner),
        "mfcc1": np.full(T, 20.0 - 8 * manner),
    }
    for name, value in values.items():
        frames[:, COLUMNS.index(name)] = value
    return frames + 0.02 * random.normal(size=frames.shape)


def _recording(manners: list[float], start: float = 0.0, pause: float = 0.4) -> Tokens:
    random = np.random.default_rng(0)
    silence = np.zeros((int(pause / HOP), len(COLUMNS)))
    parts = [silence]
    for manner in manners:
        parts += [_speech(manner, 1.2 + 0.1 * random.random(), random), silence]
    values = np.concatenate(parts)
    onset = start + HOP * np.arange(len(values))
    return Tokens(values, times=np.stack([onset, onset + HOP], axis=1), columns=COLUMNS)


def _found(tokens: list[Tokens | None], speakers: str = "A") -> list[list[tuple[float, float]]]:
    utterances = tuple(Utterance(str(i), speakers[i % len(speakers)]) for i in range(len(tokens)))
    hotspots = PhraseHotspots().detect(Conversation("c", utterances), tokens)
    assert all(h.fired_by == "phrase" and 0 < h.score <= 1 for own in hotspots for h in own)
    return [[(h.start, h.end) for h in own] for own in hotspots]


@pytest.mark.parametrize("odd", [0, 2, 5])
def test_the_odd_one_out_is_found_with_its_borders(odd: int) -> None:
    manners = [1.0 if i == odd else 0.0 for i in range(6)]
    ((span,),) = _found([_recording(manners, start=100.0)])
    (phrases,) = phrases_by_speaker(
        Conversation("c", (Utterance("1", "A"),)), [_recording(manners, start=100.0)]
    ).values()
    assert len(phrases) == 6
    assert span == (phrases[odd].start, phrases[odd].end)
    assert 1.1 < span[1] - span[0] < 1.5
    assert span[0] == pytest.approx(100.4 + odd * 1.65, abs=0.35)


def test_where_all_are_alike_or_few_nothing_stands_out() -> None:
    assert _found([_recording([0.0] * 8)]) == [[]]
    assert _found([_recording([0.0, 1.0])]) == [[]]
    assert _found([None, _recording([])]) == [[], []]


def test_phrases_are_compared_with_their_own_speakers() -> None:
    # B always speaks as A does only once: for B it is no moment.
    calm, lively = _recording([0.0, 0.0, 0.0]), _recording([1.0, 1.0, 1.0])
    mixed = _recording([0.0, 1.0, 0.0])
    found = _found([calm, lively, mixed, lively], speakers="AB")
    assert [len(own) for own in found] == [0, 0, 1, 0]


def test_order_and_time_change_nothing_but_the_neighbours() -> None:
    numbers = np.random.default_rng(1).normal(size=(9, NUMBERS))
    rows = compared(numbers)
    assert rows.shape == (9, COMPARED)
    assert compared(numbers + 5.0) == pytest.approx(rows)
    # The fifth phrase reads the five nearest (of two as near the earlier) and nothing else.
    changed = numbers.copy()
    changed[[0, 7, 8]] += 100.0
    assert compared(changed)[4] == pytest.approx(rows[4])
    assert not np.allclose(compared(changed)[2], rows[2])
    same = compared(np.repeat(numbers[:1], 4, axis=0))
    assert not same.any()


def test_descriptors_of_another_extractor_are_refused() -> None:
    tokens = _recording([0.0])
    fewer = Tokens(tokens.values[:, :4], times=tokens.times, columns=COLUMNS[:4])
    with pytest.raises(FeatureError, match="periodicity"):
        _found([fewer])


def _picker(tokens: Tokens) -> list[Span]:
    """A two-feature peak picker: loudness and pitch z-scores, smoothed."""
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks, peak_widths

    voiced = tokens.column("voiced") > 0.5
    z = np.zeros(len(tokens))
    for x in (np.log(tokens.column("loudness") + 1e-3), tokens.column("pitch")):
        middle = np.median(x[voiced])
        z += np.where(voiced, (x - middle) / (1.4826 * np.median(abs(x[voiced] - middle))), 0.0)
    weight = gaussian_filter1d(voiced.astype(float), 50)
    z = np.pad(gaussian_filter1d(z, 50) / np.maximum(weight, 0.05), 1)
    peaks, _ = find_peaks(z, height=1.25)
    _, _, left, right = peak_widths(z, peaks, rel_height=0.5)
    return [Span(HOP * a, HOP * b, z[p]) for p, a, b in zip(peaks, left, right, strict=True)]


def test_real_voices_are_spotted_better_than_by_peaks(shared_data: Path) -> None:
    phrases, peaks = [], []
    voice = BasicVoice()
    conversation = Conversation("c", (Utterance("1", "actor"),))
    for splice in splices(shared_data / "ravdess" / "speech16k", range(13, 19), each=6):
        tokens = voice.extract(splice.audio, 0.0)
        marked = tuple(Span(clip.start, clip.end) for clip in splice.emotional)
        (own,) = PhraseHotspots().detect(conversation, [tokens])
        spans = tuple(Span(h.start, h.end, h.score) for h in own)
        phrases.append(SpottedRecording(spans, marked))
        peaks.append(SpottedRecording(tuple(_picker(tokens)), marked))
    ours, theirs = (spotting_scores(r, draws=200)["f1"] for r in (phrases, peaks))
    assert ours.low > theirs.high


@pytest.mark.parametrize(("hop", "silent", "count"), [
    (0.1, 1, 1), (0.1, 2, 2), (0.01, 10, 1), (0.01, 30, 2),
])  # fmt: skip
def test_a_hair_decides_nothing(hop, silent, count):
    """Wherever in a recording a turn begins, its phrases are the same."""
    loud = np.repeat([0.02, 1.0, 0.02, 1.0], [20, 40, silent, 40])
    for start in np.random.default_rng(0).uniform(0, 4000, 200):
        edges = (start + hop * np.arange(len(loud) + 1)).astype(np.float32)
        tokens = Tokens(
            loud[:, None], np.column_stack([edges[:-1], edges[1:]]), columns=("loudness",)
        )
        conversation = Conversation("c", (Utterance("1", "A", float(edges[0]), float(edges[-1])),))
        (phrases,) = phrase_frames(conversation, [tokens])
        assert len(phrases) == count, start
