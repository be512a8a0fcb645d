import numpy as np
import pytest

from emospot.evaluation.diarisation import diarisation_errors
from emospot.media import SAMPLE_RATE, audio_blocks
from emospot.speakers.diarisation import (
    speakers_by_turns,
    speakers_of_utterances,
    turns_of_spans,
)


def cut(audio, spans):
    return [
        (i, audio[round(a * SAMPLE_RATE) : round(b * SAMPLE_RATE)])
        for i, (a, b) in enumerate(spans)
    ]


def test_a_span_with_two_voices_is_cut_where_they_change(encoder, tones):
    audio = tones((4.0, 150), (4.0, 600), (1.0, 0), (3.0, 150))
    spans = [(0.0, 8.0), (9.0, 12.0)]
    turns = turns_of_spans(cut(audio, spans), spans, 2, encoder=encoder)
    assert [name for _, _, name in turns] == ["speaker 1", "speaker 2", "speaker 1"]
    assert turns[0][1] == turns[1][0] == pytest.approx(4.0, abs=0.4)
    assert (turns[0][0], turns[1][1]) == (0.0, 8.0)
    assert turns[2][:2] == (9.0, 12.0)


def test_the_number_is_found_and_respected(encoder, tones):
    audio = tones((4.0, 150), (4.0, 600), (4.0, 1200))
    spans = [(0.0, 4.0), (4.0, 8.0), (8.0, 12.0)]
    assert len({t[2] for t in turns_of_spans(cut(audio, spans), spans, encoder=encoder)}) == 3
    one = turns_of_spans(cut(audio, spans), spans, 1, encoder=encoder)
    assert one == [(a, b, "speaker 1") for a, b in spans]


def test_without_sound_the_speaker_goes_on(encoder, tones):
    spans = [(0.0, 2.0), (2.0, 2.1)]
    sounds = [(0, tones((2.0, 150))), (1, tones((0.1, 0)))]
    turns = turns_of_spans(sounds, spans, encoder=encoder)
    assert turns == [(0.0, 2.0, "speaker 1"), (2.0, 2.1, "speaker 1")]
    assert turns_of_spans([], [], encoder=encoder) == []
    assert turns_of_spans([], [(0.0, 1.0)], encoder=encoder) == [(0.0, 1.0, "speaker 1")]


def test_an_utterance_has_one_speaker(encoder, tones):
    audio = tones((3.0, 600), (1.2, 150), (4.0, 150), (2.0, 600))
    spans = [(0.0, 4.2), (4.2, 8.2), (8.2, 10.2)]
    names = speakers_of_utterances(cut(audio, spans), spans, 2, encoder=encoder)
    assert names == ["speaker 1", "speaker 2", "speaker 1"]
    silent = [(0, np.zeros(0, np.float32))]
    assert speakers_of_utterances(silent, [(0.0, 1.0)], encoder=encoder) == [None]


def test_a_span_goes_to_whoever_speaks_most_in_it():
    turns = [(0.0, 1.0, "Ann"), (1.0, 1.8, "Ben"), (1.8, 2.2, "Ann")]
    assert speakers_by_turns([(0.5, 2.2), (1.0, 1.9), (5.0, 6.0)], turns) == ["Ann", "Ben", None]


def test_a_woman_and_a_man_are_told_apart(shared_data):
    pytest.importorskip("resemblyzer")
    names = [
        f"03-01-01-01-0{statement}-0{take}-{actor}"
        for actor in ("02", "01", "02", "01")
        for statement, take in (("1", "1"), ("2", "2"))
    ]
    pieces, true, position = [], [], 0.0
    for name in names:
        path = shared_data / f"ravdess/speech16k/{name}.flac"
        clip = np.concatenate(list(audio_blocks(path)))
        true.append((position, position + len(clip) / SAMPLE_RATE, name[-2:]))
        position += len(clip) / SAMPLE_RATE
        pieces.append(clip)
    audio = np.concatenate(pieces)
    # Two utterances at a time: the first change lies within the first span.
    spans = [(true[i][0], true[i + 3][1]) for i in (0, 4)]
    turns = turns_of_spans(cut(audio, spans), spans)
    assert len({name for _, _, name in turns}) == 2
    assert diarisation_errors(true, turns).confusion < 1.0
