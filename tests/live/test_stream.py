"""A stream answers as the analysis of the whole does, whatever pieces its sound comes in."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

import emospot
from emospot.analysis.analyze import analyze
from emospot.analysis.types import UtteranceFinding
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.emotions import UNSURE
from emospot.errors import ModelError, UsageError
from emospot.live.stream import LiveAnswer, Stream
from emospot.model.pretrained import PretrainedModel, renamed
from emospot.sample import sample_files

Samples = NDArray[np.float32]


def vector(finding: UtteranceFinding) -> list[float]:
    return list(finding.probabilities.values())


def same(answers: list[LiveAnswer], findings: tuple[UtteranceFinding, ...]) -> bool:
    return len(answers) == len(findings) and all(
        np.allclose(vector(a.utterance), vector(f), atol=1e-4)
        and a.utterance.emotion == f.emotion
        and a.utterance.start == pytest.approx(f.start)
        and a.utterance.end == pytest.approx(f.end)
        for a, f in zip(answers, findings, strict=True)
    )


def heard(stream: Stream, sound: Samples, size: int) -> list[LiveAnswer]:
    found = [
        answer
        for start in range(0, len(sound), size)
        for answer in stream.hear(sound[start : start + size])
    ]
    return found + stream.finish()


def test_utterances_that_are_told_are_answered_as_in_the_analysis(
    causal: PretrainedModel, sound: Samples, talk: Conversation
) -> None:
    whole = analyze(sample_files().conversation, sample_files().transcript, model=causal)
    stream = Stream(causal, find_utterances=False)
    stream.hear(sound)
    told = [stream.answer(utterance) for utterance in talk.utterances]
    assert same(told, whole.utterances)
    # What counted is asked of a whole conversation alone.
    words = [
        [
            replace(h, gate=round(h.gate, 4), effect=None)
            for h in u.hotspots
            if h.modality == "words"
        ]
        for u in (*(a.utterance for a in told), *whole.utterances)
    ]
    assert words[: len(told)] == words[len(told) :]
    assert any(words)
    assert not any(answer.provisional for answer in told)
    assert all(answer.seconds > 0 for answer in told)
    assert [a.utterance.id for a in told] == [u.id for u in talk.utterances]


@pytest.mark.parametrize("size", [701, 16_000, 10_000_000])
def test_sound_in_any_pieces_is_answered_as_in_the_analysis(
    causal: PretrainedModel, sound: Samples, size: int
) -> None:
    # Live, nobody is told apart by the voice.
    whole = analyze(sample_files().conversation, model=causal, speakers="off")
    assert same(heard(Stream(causal), sound, size), whole.utterances)


def test_an_utterance_that_goes_on_is_answered_and_forgotten(
    causal: PretrainedModel, sound: Samples
) -> None:
    sure = heard(Stream(causal), sound, 1600)
    both = heard(Stream(causal, provisional_every=1.0), sound, 1600)
    final = [answer for answer in both if not answer.provisional]
    assert same(final, tuple(answer.utterance for answer in sure))
    meanwhile = [answer for answer in both if answer.provisional]
    spoken = sum(a.utterance.end - a.utterance.start for a in final)
    assert 0.5 * spoken < len(meanwhile) <= spoken + len(final)
    for answer in meanwhile:
        (over,) = [a for a in final if a.utterance.id == answer.utterance.id]
        assert answer.utterance.start == over.utterance.start
        # The silence that tells the end is heard before it is told.
        assert answer.utterance.end <= over.utterance.end + 0.5


def test_words_and_sound_by_themselves(causal: PretrainedModel, sound: Samples) -> None:
    stream = Stream(causal, find_utterances=False)
    words = stream.say("I can't believe it, we won! This is so exciting!", speaker="Ann")
    voice = stream.say(audio=sound[: 3 * 16_000], speaker="Ben")
    assert [words.utterance.speaker, voice.utterance.speaker] == ["Ann", "Ben"]
    read = [
        [m for m, own in answer.utterance.modalities.items() if own.used_by_model]
        for answer in (words, voice)
    ]
    assert read == [["words"], ["voice"]]
    assert words.utterance.hotspots
    assert words.to_dict()["emotion"] == words.utterance.emotion


def test_ready_made_features_take_the_place_of_measured_ones(causal: PretrainedModel) -> None:
    stream = Stream(causal, find_utterances=False)
    dim = causal.card.features["voice"].dim
    tokens = {"voice": Tokens(np.ones((1, dim), np.float32) / dim**0.5)}
    answer = stream.answer(Utterance("u", "Ann"), features=tokens)
    assert answer.utterance.modalities["voice"].used_by_model


def test_another_language_is_not_read(causal: PretrainedModel) -> None:
    german = "Ich weiß wirklich nicht mehr, was ich dazu noch sagen soll, mein Freund."
    german += " Es tut mir sehr leid."
    for stream in (Stream(causal), Stream(causal, language="de")):
        answer = stream.say(german)
        assert answer.utterance.emotion == UNSURE
        assert not answer.utterance.modalities["words"].used_by_model
    # A short text is believed to be in the model's language until more is known.
    assert Stream(causal).say("Ja, so ein Glück!").utterance.modalities["words"].used_by_model


def test_what_cannot_be_answered_is_said(causal: PretrainedModel, sound: Samples) -> None:
    stream = Stream(causal)
    with pytest.raises(UsageError, match="words, sound or features"):
        stream.say(" ")
    with pytest.raises(UsageError, match="before it begins"):
        stream.say("well", start=2.0, end=1.0)
    with pytest.raises(UsageError, match="mono samples"):
        stream.say(audio=np.zeros((100, 2)))
    with pytest.raises(UsageError, match="divide 16-bit samples"):
        stream.hear(np.zeros(100, np.int16))
    with pytest.raises(UsageError, match="positive"):
        Stream(causal, provisional_every=0.0)
    stream.hear(sound[:1000])
    with pytest.raises(UsageError, match="find_utterances=False"):
        stream.say("well")


def test_what_is_no_number_does_not_spoil_what_comes_after(
    causal: PretrainedModel, sound: Samples
) -> None:
    stream = Stream(causal)
    stream.hear(np.full(1600, np.nan, np.float32))
    assert heard(stream, sound[: 12 * 16_000], 1600)


def test_after_the_end_nothing_is_heard(causal: PretrainedModel, sound: Samples) -> None:
    stream = Stream(causal)
    stream.hear(sound[: 3 * 16_000])
    assert len(stream.finish()) == 1
    assert stream.finish() == []
    with pytest.raises(UsageError, match="finished"):
        stream.hear(sound[:1600])


def test_an_utterance_is_told_once_it_has_been_heard(
    causal: PretrainedModel, sound: Samples
) -> None:
    stream = Stream(causal, find_utterances=False, keep_seconds=5.0)
    stream.hear(sound[: 10 * 16_000])
    for start, end in ((100.0, 102.0), (9.0, 13.0), (1.0, 3.0)):
        with pytest.raises(UsageError, match=r"only 5\.0 to 10\.0 s is kept"):
            stream.say(start=start, end=end)
    assert stream.say(start=6.0, end=9.0).utterance.modalities["voice"].used_by_model
    # Words can do without.
    answer = stream.say("I see", start=100.0, end=102.0)
    assert not answer.utterance.modalities["voice"].used_by_model


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"text": "well", "start": float("nan"), "end": 1.0}, "start must be seconds"),
        ({"text": "well", "start": 0.0, "end": float("inf")}, "end must be seconds"),
        ({"text": "half \ud800"}, "half a character"),
        ({"text": 5}, "must be a string"),
        ({"text": "well " * 1000}, "1,000 words"),
    ],
)
def test_no_words_and_no_times(
    causal: PretrainedModel, told: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        Stream(causal).say(**told)


def test_languages_by_their_code(causal: PretrainedModel) -> None:
    for code in ("en", "EN", "en-US", "en_GB"):
        answer = Stream(causal, language=code).say("Ich sehe dich.")
        assert answer.utterance.modalities["words"].used_by_model
    with pytest.raises(UsageError, match="two letters"):
        Stream(causal, language="english")


def test_a_model_that_reads_ahead_cannot_stream() -> None:
    with pytest.raises(ModelError, match="later utterances"):
        Stream("bundled")


def test_hotspots_that_need_the_whole_recording_cannot_stream(causal: PretrainedModel) -> None:
    features = dict(causal.card.features)
    features["voice"] = replace(features["voice"], pooled=False)
    with pytest.raises(ModelError, match="whole recording"):
        Stream(renamed(causal, features=features))


def test_the_package_offers_it() -> None:
    assert emospot.Stream is Stream
