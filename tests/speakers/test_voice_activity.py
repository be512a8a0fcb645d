import numpy as np
import pytest

from emospot.errors import UsageError
from emospot.media import SAMPLE_RATE, audio_blocks
from emospot.speakers.speech_finder import WINDOW, split_span
from emospot.speakers.voice_activity import speech_spans


def in_blocks(audio, size):
    return [audio[start : start + size] for start in range(0, len(audio), size)]


def trimmed(audio):
    """A clip without the quiet at its ends, by its energy, 20 ms at a time."""
    frames = audio[: len(audio) // 320 * 320].reshape(-1, 320)
    loud = np.flatnonzero(np.sqrt((frames**2).mean(axis=1)) > 0.03 * np.abs(audio).max())
    return audio[loud[0] * 320 : (loud[-1] + 1) * 320]


@pytest.fixture(scope="module")
def conversation(shared_data):
    """Twelve RAVDESS clips of six actors with one second or more between them."""
    rng = np.random.default_rng(5)
    names = sorted((shared_data / "ravdess/speech16k").glob("*.flac"))[::130]
    pieces, truth, position = [np.zeros(2 * SAMPLE_RATE, np.float32)], [], 2.0
    for path in names:
        clip = trimmed(np.concatenate(list(audio_blocks(path))))
        silence = np.zeros(int(rng.uniform(1.0, 2.0) * SAMPLE_RATE), np.float32)
        truth.append((position, position + len(clip) / SAMPLE_RATE))
        pieces += [clip, silence]
        position += (len(clip) + len(silence)) / SAMPLE_RATE
    audio = np.concatenate(pieces)
    return audio + rng.normal(0, 3e-4, len(audio)).astype(np.float32), truth


def test_spans_lie_near_the_truth(conversation):
    audio, truth = conversation
    spans = speech_spans(in_blocks(audio, 5 * SAMPLE_RATE))
    assert len(truth) == 12
    starts, ends = [], []
    for start, end in truth:
        heard = [span for span in spans if span[0] < end and span[1] > start]
        assert heard, f"nothing heard between {start:.1f} and {end:.1f} s"
        starts.append(heard[0][0] - start)
        ends.append(heard[-1][1] - end)
    assert all(any(a < end and b > start for start, end in truth) for a, b in spans)
    # The padding of 0.1 s is part of the difference.
    assert abs(np.median(starts)) < 0.15
    assert abs(np.median(ends)) < 0.25


def test_blocks_do_not_matter(conversation):
    audio = conversation[0][: 12 * SAMPLE_RATE]
    whole = speech_spans([audio])
    assert whole
    assert speech_spans(in_blocks(audio, 1000)) == whole
    assert speech_spans([audio[:0], *in_blocks(audio, 77_777)]) == whole


def test_speech_without_a_pause_is_cut(conversation):
    audio, truth = conversation
    clips = [audio[int(a * SAMPLE_RATE) : int(b * SAMPLE_RATE)] for a, b in truth]
    joined = np.concatenate(clips)
    long = speech_spans([joined], min_silence=5.0, max_seconds=1000.0)
    assert max(end - start for start, end in long) > 10.0
    short = speech_spans([joined], min_silence=5.0, max_seconds=4.0)
    lengths = [end - start for start, end in short]
    assert max(lengths) <= 4.0
    assert sum(lengths) == pytest.approx(sum(b - a for a, b in long), abs=0.01)


@pytest.mark.parametrize("sound", ["silence", "white", "hum", "rumble"])
def test_nobody_speaks(sound):
    seconds = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
    noise = np.random.default_rng(0).normal(0, 0.1, len(seconds))
    walk = np.cumsum(noise)
    audio = {
        "silence": 0 * seconds,
        "white": noise,
        "hum": 0.3 * np.sin(2 * np.pi * 50 * seconds),
        "rumble": 0.5 * walk / np.abs(walk).max(),
    }[sound]
    assert speech_spans(in_blocks(audio.astype(np.float32), 50_000)) == []


def test_no_sound_at_all():
    assert speech_spans([]) == []


def test_the_number_of_threads_is_left_alone():
    import torch

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        speech_spans([np.zeros(SAMPLE_RATE, np.float32)])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_cuts_lie_where_speech_is_least_probable():
    second = SAMPLE_RATE / WINDOW
    probabilities = np.ones(int(40 * second))
    for pause in (8.0, 11.0, 25.0):
        at = int(pause * second)
        probabilities[at - 3 : at + 4] = 0.4
    parts = split_span((0.0, 40.0), list(probabilities), 15.0)
    assert parts[0][0] == 0.0
    assert parts[-1][1] == 40.0
    assert [b for _, b in parts[:-1]] == [a for a, _ in parts[1:]]
    assert max(b - a for a, b in parts) <= 15.0
    assert parts[0][1] in (pytest.approx(8.0, abs=0.1), pytest.approx(11.0, abs=0.1))
    assert any(b == pytest.approx(25.0, abs=0.15) for _, b in parts)


def test_a_short_span_stays_whole():
    assert split_span((1.0, 3.0), [1.0] * 200, 15.0) == [(1.0, 3.0)]


@pytest.mark.parametrize(
    "options",
    [{"threshold": 0.0}, {"threshold": 1.0}, {"max_seconds": 0.5}, {"min_silence": -1.0},
     {"min_speech": -0.1}],
)  # fmt: skip
def test_wrong_arguments(options):
    with pytest.raises(UsageError, match=next(iter(options))):
        speech_spans([], **options)
