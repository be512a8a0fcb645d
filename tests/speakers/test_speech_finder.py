"""Utterances as they end are those that silero-vad finds in the whole recording."""

import numpy as np
import pytest

from emospot.errors import UsageError
from emospot.media.audio import SAMPLE_RATE
from emospot.speakers.speech_finder import WINDOW, SpeechFinder, split_span


def probabilities(seed: int, windows: int = 3000) -> list[float]:
    """Speech and pauses of all lengths, with doubtful windows among them."""
    random = np.random.default_rng(seed)
    found: list[float] = []
    while len(found) < windows:
        level = random.choice([0.05, 0.42, 0.9], p=[0.4, 0.1, 0.5])
        length = int(random.choice([3, 12, 40, 600], p=[0.4, 0.3, 0.25, 0.05]))
        found += list(np.clip(random.normal(level, 0.1, length), 0.0, 1.0))
    return found[:windows]


def by_silero(speech: list[float], samples: int, **options: float) -> list[tuple[float, float]]:
    import silero_vad

    own = {"min_silence": 0.4, "min_speech": 0.25, "padding": 0.1, "max_seconds": 15.0, **options}
    found = silero_vad.get_speech_timestamps_from_probs(
        speech,
        threshold=0.5,
        min_silence_duration_ms=round(own["min_silence"] * 1000),
        min_speech_duration_ms=round(own["min_speech"] * 1000),
        speech_pad_ms=round(own["padding"] * 1000),
        audio_length_samples=samples,
    )
    spans = [(one["start"] / SAMPLE_RATE, one["end"] / SAMPLE_RATE) for one in found]
    return [part for span in spans for part in split_span(span, speech, own["max_seconds"])]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "options",
    [{}, {"max_seconds": 3.0}, {"min_silence": 0.2, "min_speech": 0.0}, {"padding": 0.0}],
)
def test_spans_are_those_of_silero(seed: int, options: dict[str, float]) -> None:
    speech = probabilities(seed)
    samples = len(speech) * WINDOW - 100
    finder = SpeechFinder(**options)
    found = [(n, span) for n, p in enumerate(speech) for span in finder.add(p)]
    spans = [span for _, span in found] + finder.finish(samples)
    expected = by_silero(speech, samples, **options)
    assert len(spans) >= 5
    assert np.allclose(spans, expected, atol=1e-9)
    # Told once it is over, and not much later: after the silence, or at the cut.
    for window, (start, end) in found:
        late = window * WINDOW / SAMPLE_RATE - end
        assert late >= -0.01
        assert late <= 0.5 or late <= options.get("max_seconds", 15.0) / 2 + 0.2
        assert end - start <= options.get("max_seconds", 15.0) + 1e-9


def test_says_since_when_somebody_speaks() -> None:
    finder = SpeechFinder()
    assert finder.open_since is None
    for _ in range(50):
        finder.add(0.9)
    assert finder.open_since == 0.0
    for _ in range(20):
        finder.add(0.0)
    assert finder.open_since is None
    finder.add(0.9)
    assert finder.open_since == pytest.approx(70 * WINDOW / SAMPLE_RATE - 0.1)


def test_what_is_kept_does_not_grow_with_silence() -> None:
    finder = SpeechFinder()
    for _ in range(50):
        finder.add(0.9)
    for _ in range(5000):
        finder.add(0.0)
    assert len(finder._probabilities) < 100


def test_what_is_neither_speech_nor_silence_ends_too() -> None:
    for begin in ([0.9] * 10, [0.9] * 10 + [0.1]):
        finder = SpeechFinder()
        found = [span for p in begin + [0.42] * 10_000 for span in finder.add(p)]
        assert all(end - start <= 15.0 for start, end in found)
        assert len(finder._probabilities) < 600
        # Either it goes on and is cut, or it was over at its one silence.
        assert len(found) > 15 or (len(found) == 1 and finder.open_since is None)


def test_what_is_kept_does_not_grow_with_speech() -> None:
    finder = SpeechFinder()
    found = [span for _ in range(10_000) for span in finder.add(0.9)]
    assert len(found) >= 20
    assert [b for _, b in found[:-1]] == [a for a, _ in found[1:]]
    assert len(finder._probabilities) < 600


def test_a_negative_padding_is_refused() -> None:
    with pytest.raises(UsageError, match="padding"):
        SpeechFinder(padding=-0.1)
