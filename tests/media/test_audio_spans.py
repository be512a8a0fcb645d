import numpy as np
import pytest

from emospot.errors import MediaError
from emospot.media import SAMPLE_RATE, SpanCutter, WaveformEnvelope, audio_blocks, audio_of_spans


def test_spans_equal_slices_of_the_whole_sound(make_recording):
    path = make_recording("talk.flac", 4.0, sound=lambda t: t / 5, codec="flac")
    whole = np.concatenate(list(audio_blocks(path)))
    spans = [(2.0, 3.5), (0.2, 2.5), (0.0, 0.1), (2.2, 2.2), (1.0, 9.0), (7.0, 8.0), (-1.0, 0.5)]
    got = dict(audio_of_spans(path, spans, seconds=0.25))
    assert sorted(got) == list(range(len(spans)))
    for index, (start, end) in enumerate(spans):
        first, last = (max(0, round(t * SAMPLE_RATE)) for t in (start, end))
        np.testing.assert_array_equal(got[index], whole[first:last])


def test_each_span_comes_once_and_as_soon_as_it_ends():
    cutter = SpanCutter([(1.5, 2.5), (0.0, 0.5), (0.0, 5.0)])
    second = np.ones(SAMPLE_RATE, np.float32)
    order = [[i for i, _ in cutter.add(second)] for _ in range(3)]
    assert order == [[1], [], [0]]
    assert [(i, len(audio)) for i, audio in cutter.finish()] == [(2, 3 * SAMPLE_RATE)]


def test_a_span_that_ends_before_it_begins_is_empty():
    cutter = SpanCutter([(2.0, 1.0)])
    found = [*cutter.add(np.ones(5 * SAMPLE_RATE, np.float32)), *cutter.finish()]
    assert [(i, len(audio)) for i, audio in found] == [(0, 0)]


def test_a_span_does_not_keep_its_block_alive():
    cutter = SpanCutter([(0.0, 0.1)])
    block = np.ones(SAMPLE_RATE, np.float32)
    ((_, audio),) = cutter.add(block)
    assert not np.shares_memory(audio, block)


def test_other_consumers_are_fed_in_the_same_pass(make_recording):
    path = make_recording("talk.wav", 2.0)
    envelope, heard = WaveformEnvelope(2.0, steps=10), []
    spans = audio_of_spans(path, [(0.0, 1.0)], consumers=(envelope.add, heard.append))
    assert [i for i, _ in spans] == [0]
    assert sum(len(block) for block in heard) == pytest.approx(2 * SAMPLE_RATE, abs=100)
    assert envelope.values() == pytest.approx([0.5] * 10, abs=0.02)


def test_errors_are_those_of_the_sound(tmp_path):
    with pytest.raises(MediaError, match="no such file"):
        list(audio_of_spans(tmp_path / "none.wav", [(0.0, 1.0)]))
