import numpy as np
import pytest

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.errors import FeatureError
from emospot.features.voice_basic import BasicVoice
from emospot.features.voice_descriptors import STANDARD
from emospot.hotspots.voice_prosody import ProsodyHotspots, RunningMedian, SpeakerBaseline
from emospot.media.audio import audio_blocks


def tokens(seconds=4.0, seed=0, start=0.0, loudness=0.3, pitch=30.0, rate=4.0, bursts=()):
    """Descriptors of a lively voice with planted bursts (name, from, to, amount).

    Loudness bursts multiply, the others add.
    """
    count = int(seconds * 100)
    generator = np.random.default_rng(seed)
    swing = np.sin(2 * np.pi * np.arange(count) / 37 + generator.uniform(0, 6))
    values = {
        "loudness": loudness * 2 ** (0.2 * swing + generator.normal(0, 0.1, count)),
        "pitch": pitch + swing + generator.normal(0, 0.3, count),
        "voiced": np.ones(count),
        "rate": rate + 0.5 * swing,
    }
    for name, a, b, amount in bursts:
        inside = slice(int(a * 100), int(b * 100))
        values[name][inside] = (
            values[name][inside] * amount if name == "loudness" else values[name][inside] + amount
        )
    edges = start + np.arange(count + 1) / 100
    return Tokens(
        np.column_stack([values[name] for name in STANDARD]),
        np.column_stack([edges[:-1], edges[1:]]),
        columns=STANDARD,
    )


def detect(described, speakers=None, **options):
    speakers = speakers or ["A"] * len(described)
    utterances = tuple(Utterance(str(i), s) for i, s in enumerate(speakers))
    return ProsodyHotspots(**options).detect(Conversation("c", utterances), described)


@pytest.mark.parametrize(
    ("name", "amount"), [("loudness", 4.0), ("pitch", 8.0), ("rate", 5.0)], ids=lambda v: str(v)
)
def test_planted_bursts_are_found(name, amount):
    [found] = detect([tokens(bursts=[(name, 1.0, 1.4, amount), (name, 3.0, 3.3, amount)])])
    assert [h.fired_by for h in found] == [name, name]
    for hotspot, (a, b) in zip(found, [(1.0, 1.4), (3.0, 3.3)], strict=True):
        assert hotspot.modality == "voice"
        assert hotspot.start == pytest.approx(a, abs=0.06)
        assert hotspot.end == pytest.approx(b, abs=0.06)
        assert 0.5 < hotspot.score <= 1.0


def test_times_count_from_the_recording():
    [found] = detect([tokens(start=60.0, bursts=[("pitch", 1.0, 1.4, 8.0)])])
    assert found[0].start == pytest.approx(61.0, abs=0.06)


def test_a_stronger_burst_scores_higher():
    [weak] = detect([tokens(bursts=[("pitch", 1.0, 1.4, 6.0)])])
    [strong] = detect([tokens(bursts=[("pitch", 1.0, 1.4, 12.0)])])
    assert strong[0].score > weak[0].score


def test_a_lively_voice_alone_fires_nothing():
    assert detect([tokens(seed=seed) for seed in range(5)]) == [[]] * 5


def test_a_raised_voice_is_measured_against_the_utterances_before():
    calm = [tokens(seed=seed) for seed in range(3)]
    raised = tokens(seed=9, loudness=0.3 * 2**2, pitch=38.0)
    found = detect([*calm, raised, tokens(seed=10)])
    assert [bool(spots) for spots in found] == [False, False, False, True, False]
    assert {h.fired_by for h in found[3]} == {"loudness", "pitch"}
    # It fills the utterance, for it is high throughout.
    assert max(h.end - h.start for h in found[3]) > 3.5
    # Alone it is its own measure.
    assert detect([raised]) == [[]]


def test_every_speaker_has_an_own_baseline():
    low, high = tokens(pitch=24.0), tokens(pitch=40.0, seed=1)
    assert detect([low, high, low, high], ["A", "B", "A", "B"]) == [[]] * 4
    assert detect([low, low, high], ["A", "A", "A"])[2] != []


def test_later_utterances_change_nothing():
    described = [tokens(seed=s, bursts=[("pitch", 1, 1.4, 5 + s)]) for s in range(5)]
    whole = detect(described)
    for count in range(1, 5):
        assert detect(described[:count]) == whole[:count]


def test_speakers_names_change_nothing():
    described = [tokens(seed=s, pitch=30 + 6 * (s % 2)) for s in range(6)]
    assert detect(described, list("ABABAB")) == detect(described, list("XAXAXA"))


def test_absent_silent_and_timeless_voices():
    silent = tokens()
    silent.values[:] = 0.0
    timeless = Tokens(tokens().values, columns=STANDARD)
    one = Tokens(np.ones((1, 4)), np.array([[0.0, 3.0]]), columns=STANDARD)
    assert detect([None, silent, timeless, one]) == [[], [], [], []]


def test_unvoiced_noise_fires_nothing():
    noisy = tokens(bursts=[("loudness", 1.0, 1.5, 10.0)])
    noisy.values[100:150, STANDARD.index("voiced")] = 0
    noisy.values[100:150, STANDARD.index("pitch")] = 0
    assert detect([noisy]) == [[]]


def test_short_unvoiced_gaps_do_not_split_a_peak():
    burst = tokens(bursts=[("pitch", 1.0, 1.6, 8.0)])
    burst.values[127:133, STANDARD.index("voiced")] = 0
    burst.values[127:133, STANDARD.index("pitch")] = 0
    [found] = detect([burst])
    assert len(found) == 1
    assert found[0].end - found[0].start == pytest.approx(0.6, abs=0.1)


def test_a_long_pause_ends_a_peak():
    paused = tokens(bursts=[("pitch", 1.0, 2.0, 8.0)])
    paused.values[130:170, STANDARD.index("voiced")] = 0
    [found] = detect([paused])
    assert [(round(h.start, 1), round(h.end, 1)) for h in found] == [(1.0, 1.3), (1.7, 2.0)]


def test_at_most_so_many_a_second():
    bursts = [("pitch", t, t + 0.12, 15 + t) for t in np.arange(0.2, 3.8, 0.4)]
    [found] = detect([tokens(bursts=bursts)])
    assert len(found) == 4
    [few] = detect([tokens(bursts=bursts)], most_per_second=0.5)
    assert len(few) == 2
    assert {h.score for h in few} <= {h.score for h in found}
    assert [h.start for h in found] == sorted(h.start for h in found)


def test_chosen_descriptors_only():
    described = [tokens(bursts=[("pitch", 1, 1.4, 8.0), ("loudness", 2, 2.4, 4.0)])]
    [found] = detect(described, descriptors=["loudness"])
    assert [h.fired_by for h in found] == ["loudness"]


def test_a_missing_column_is_named():
    bare = Tokens(np.ones((9, 1)), np.zeros((9, 2)), columns=("loudness",))
    with pytest.raises(FeatureError, match="voiced"):
        detect([bare])


def test_running_median_equals_numpys():
    generator = np.random.default_rng(0)
    parts = [generator.normal(3, 2, n) for n in (5, 100, 1001)]
    running = RunningMedian(-20, 20, 4000)
    for part in parts:
        running.add(part)
    values = np.concatenate(parts)
    assert running.median == pytest.approx(np.median(values), abs=0.02)
    expected = np.median(np.abs(values - np.median(values)))
    assert running.mad == pytest.approx(expected, abs=0.02)


def test_running_median_keeps_outliers_and_starts_empty():
    running = RunningMedian(0, 1, 10)
    assert np.isnan(running.median)
    running.add(np.array([-5.0, 9.0, 9.0]))
    assert running.count == 3
    assert running.median == pytest.approx(0.95)
    weighted = running.with_values(np.zeros(4), 0.5)
    assert (running.count, weighted.count) == (3, 5)
    assert weighted.median == pytest.approx(0.05)


def test_the_baseline_does_not_grow():
    import sys

    def size(baseline):
        return sum(sys.getsizeof(r._counts) for r in baseline._running.values())

    baseline = SpeakerBaseline()
    before = size(baseline)
    for _ in range(50):
        baseline.take_in("pitch", np.linspace(20, 40, 1000), np.ones(1000, bool), 0.01)
    assert size(baseline) == before


def sound(seconds, bursts, level=0.05):
    """A buzz of 150 Hz with louder or higher stretches (from, to, level, frequency)."""
    time = np.arange(int(seconds * 16000)) / 16000
    frequency, amplitude = np.full(time.shape, 150.0), np.full(time.shape, level)
    for a, b, strength, pitch in bursts:
        inside = (time >= a) & (time < b)
        frequency[inside], amplitude[inside] = pitch, strength
    phase = 2 * np.pi * np.cumsum(frequency) / 16000
    buzz = sum(np.sin(k * phase) / k for k in range(1, 10))
    return (amplitude * buzz).astype(np.float32)


def test_from_sound_to_hotspots():
    described = BasicVoice().extract(
        sound(4.0, [(1.0, 1.4, 0.4, 150.0), (2.5, 2.9, 0.05, 260.0)]), 0.0
    )
    [found] = detect([described], descriptors=["loudness", "pitch"])
    by = {h.fired_by: h for h in found}
    assert by["loudness"].start == pytest.approx(1.0, abs=0.08)
    assert by["loudness"].end == pytest.approx(1.4, abs=0.08)
    assert by["pitch"].start == pytest.approx(2.5, abs=0.08)
    assert by["pitch"].end == pytest.approx(2.9, abs=0.08)


@pytest.mark.parametrize("seconds", [0.2, 3.0])
def test_a_flat_tone_and_silence_fire_nothing(seconds):
    flat = BasicVoice().extract(sound(seconds, []), 0.0)
    silence = BasicVoice().extract(np.zeros(int(16000 * seconds), np.float32), 0.0)
    assert detect([flat, silence], ["A", "B"]) == [[], []]


def test_strong_emotion_collects_more_than_neutral(shared_data):
    # Eight actors say a sentence neutrally three times, then once in strong anger,
    # then neutrally again.
    folder = shared_data / "ravdess/speech16k"
    neutral = ["01-01-01-01", "01-01-02-01", "01-01-01-02", "01-01-02-02"]
    more = 0
    for actor in range(1, 25, 3):
        order = [*neutral[:3], "05-02-01-01", neutral[3]]
        clips = [folder / f"03-01-{name}-{actor:02d}.flac" for name in order]
        described = [
            BasicVoice().extract(np.concatenate(list(audio_blocks(clip))), 10.0 * i)
            for i, clip in enumerate(clips)
        ]
        totals = [sum(h.score for h in found) for found in detect(described)]
        more += totals[3] > max(totals[:3] + totals[4:])
    assert more >= 7
