import numpy as np
import pytest

from emospot.speakers.voice_windows import voice_windows


def test_moments_stand_in_the_order_of_the_spans(encoder, tones):
    spans = [(10.0, 12.0), (20.0, 21.2)]
    sounds = [(1, tones((1.2, 300))), (0, tones((2.0, 150)))]
    windows = voice_windows(sounds, spans, encoder, step=0.4)
    assert windows.span.tolist() == [0] * 5 + [1] * 3
    assert windows.embeddings.shape == (8, 256)
    assert len(windows) == 8
    assert np.isnan(windows.cuts[[4, 7]]).all()
    assert ((windows.cuts[:4] > 10.0) & (windows.cuts[:4] < 12.0)).all()


def test_a_cut_lies_in_the_pause(encoder, tones):
    audio = tones((0.92, 150), (0.1, 0), (1.0, 300))
    windows = voice_windows([(0, audio)], [(5.0, 7.02)], encoder, step=0.4)
    # Between the moments 0.6 and 1.0 s the pause is from 0.92 to 1.02 s.
    assert windows.cuts[1] == pytest.approx(5.97, abs=0.03)


def test_without_sound_there_is_no_moment(encoder):
    windows = voice_windows([(0, np.zeros(0, np.float32))], [(0.0, 0.0)], encoder)
    assert len(windows) == 0
    assert windows.embeddings.shape == (0, 256)
