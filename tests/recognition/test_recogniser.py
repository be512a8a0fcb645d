from itertools import pairwise

import numpy as np
import pytest

from emospot.errors import UsageError
from emospot.media.transcript_types import TimedWord
from emospot.recognition.recogniser import load_recogniser, recognise, stretches
from emospot.sample import sample_files

RECORDING = sample_files().conversation


class Said:
    """Says one word a stretch, at half a second, in whatever language it is told."""

    name = "said (test)"

    def __init__(self):
        self.heard = []

    def words(self, audio, language):
        self.heard.append((len(audio) / 16_000, language))
        return [TimedWord(0.5, 0.9, " Hm.")], language or "de"


def test_long_silences_are_not_heard():
    assert stretches([(1, 4), (300, 302)]) == [(0.8, 4.2), (299.8, 302.2)]
    # Pauses of talk are heard, so that a sentence is not torn; and many make a long stretch.
    assert stretches([(1, 4), (6, 8), (10.1, 11)]) == [(0.8, 8.2), (9.9, 11.2)]
    talk = [(3.0 * k, 3.0 * k + 2.5) for k in range(100)]
    assert stretches(talk) == [(0.0, 299.7)]


def test_short_spans_are_joined_and_cut_in_silence_alone():
    assert stretches([]) == []
    spans = [(0.1, 5.0), (6.0, 9.5), (9.6, 14.0), (40.0, 70.0)]
    found = stretches(spans, longest=10.0)
    assert found == [(0.0, 9.55), (9.55, 14.2), (39.8, 70.2)]
    for (_, end), (start, _) in pairwise(found):
        assert end <= start


def test_words_stand_at_their_time_in_the_recording():
    said, shares = Said(), []
    speech = [(1.0, 3.0), (4.0, 6.0), (20.0, 22.0)]
    found = recognise(RECORDING, speech, said, on_share=shares.append)
    assert [seconds for seconds, _ in said.heard] == pytest.approx([5.4, 2.4], abs=0.01)
    assert [word.start for word in found.words] == pytest.approx([1.3, 20.3])
    assert [word.end for word in found.words] == pytest.approx([1.7, 20.7])
    assert (found.language, found.recogniser) == ("de", "said (test)")
    assert shares[-1] == 1.0


def test_the_language_of_the_first_long_stretch_is_that_of_the_others():
    said = Said()
    found = recognise(RECORDING, [(1.0, 6.0), (700.0, 701.0)], said)
    assert [language for _, language in said.heard] == ["", "de"]
    assert said.heard[0][0] == pytest.approx(5.4, abs=0.01)
    assert said.heard[1][0] == 0.0  # beyond the end of the recording
    assert [word.start for word in found.words] == pytest.approx([1.3, 700.3])


@pytest.mark.parametrize(
    ("speech", "told", "language"),
    [
        ([(1, 1.5), (4, 10), (14, 15)], ["", "", "pl"], "pl"),
        ([(1, 1.5), (4, 5.5), (8, 8.5)], ["", "", ""], "pl"),
        ([(1, 7), (10, 17), (20, 30)], ["", "nn", "nn"], "nn"),
    ],
)
def test_the_language_of_a_short_first_word_is_not_believed(speech, told, language):
    class Guessing(Said):
        def words(self, audio, language):
            words, _ = super().words(audio, language)
            return words, language or ["nn", "pl", "cy"][len(self.heard) - 1]

    guessing = Guessing()
    assert recognise(RECORDING, speech, guessing).language == language
    assert [language for _, language in guessing.heard] == told


def test_nobody_speaks_and_nothing_is_said():
    found = recognise(RECORDING, [], Said())
    assert (found.words, found.language) == ((), "")


def test_a_stretch_without_words_tells_no_language():
    class Silent(Said):
        def words(self, audio, language):
            super().words(audio, language)
            return [], "fr"

    silent = Silent()
    assert recognise(RECORDING, [(1.0, 2.0), (700.0, 701.0)], silent).language == ""
    assert [language for _, language in silent.heard] == ["", ""]
    assert isinstance(silent.heard[0][0], float)
    assert np.isfinite(silent.heard[0][0])


@pytest.mark.parametrize("choice", ["", "whisper", "faster-whisper", "faster-whisper: ", "x:y"])
def test_what_is_no_recogniser_is_told(choice):
    with pytest.raises(UsageError, match=r"expected faster-whisper:MODEL"):
        load_recogniser(choice)
