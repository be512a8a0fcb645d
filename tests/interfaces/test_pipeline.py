import numpy as np
import pytest

from emospot.analysis.analyze import analyze
from emospot.analysis.models import load, models_folder
from emospot.errors import ModelError, UsageError
from emospot.interfaces.pipeline import EmotionPipeline, pipeline
from emospot.media.audio import SAMPLE_RATE, audio_blocks
from emospot.media.transcripts import read_transcript
from emospot.model.pretrained import renamed
from emospot.sample import sample_files

TALK = [
    {"speaker": "Anna", "text": "I am so happy today!"},
    {"speaker": "Ben", "text": "I hate this rain."},
]
OTHER = [{"speaker": "Cleo", "text": "He died last night, and I cannot stop crying."}]


@pytest.fixture(scope="module")
def pipe() -> EmotionPipeline:
    return pipeline("emotion-recognition-in-conversation", model="bundled")


def test_turns_give_a_label_each(pipe):
    answers = pipe(TALK)
    assert [one["speaker"] for one in answers] == ["Anna", "Ben"]
    assert [one["text"] for one in answers] == [turn["text"] for turn in TALK]
    assert answers[0]["label"] in ("happiness", "excited")
    assert all(0 < one["score"] <= 1 and one["start"] is None for one in answers)


def test_all_classes_sum_to_one_and_are_in_order(pipe):
    for utterance in pipe(TALK, top_k=None):
        scores = [one["score"] for one in utterance]
        assert {one["label"] for one in utterance} == set(pipe.labels)
        assert scores == sorted(scores, reverse=True)
        assert sum(scores) == pytest.approx(1.0)


def test_top_k(pipe):
    best, two, everything = pipe(TALK), pipe(TALK, top_k=2), pipe(TALK, top_k=None)
    assert [u[:2] for u in everything] == two
    assert [u[0] for u in everything] == best
    assert EmotionPipeline(pipe.model, top_k=2)(TALK) == two
    assert len(pipe(TALK, top_k=99)[0]) == len(pipe.labels)


@pytest.mark.parametrize("wrong", [0, -1, True, 1.5, "2"])
def test_a_wrong_top_k(pipe, wrong):
    with pytest.raises(UsageError, match="top_k is"):
        pipe(TALK, top_k=wrong)


def test_a_conversation_does_not_depend_on_the_others(pipe):
    assert pipe([TALK, OTHER]) == [pipe(TALK), pipe(OTHER)]
    assert pipe([OTHER, TALK]) == [pipe(OTHER), pipe(TALK)]
    assert list(pipe(iter([TALK, OTHER]))) == [pipe(TALK), pipe(OTHER)]
    assert pipe([]) == []


def test_an_iterator_is_read_one_by_one(pipe):
    def source():
        yield TALK
        raise AssertionError("read too far")

    assert next(pipe(source())) == pipe(TALK)


def test_files_and_lists_of_files(pipe, tmp_path):
    path = tmp_path / "talk.txt"
    path.write_text("Anna: I am so happy today!\nBen: I hate this rain.\n", encoding="utf-8")
    assert pipe(path) == pipe(str(path)) == pipe(TALK)
    assert pipe([path, str(path)]) == [pipe(TALK)] * 2


def test_a_recording_gives_what_analyze_gives(pipe):
    sample = sample_files()
    expected = analyze(sample.conversation, sample.transcript, model=pipe.model)
    found = pipe({"path": sample.conversation, "transcript": sample.transcript})
    assert [one["score"] for one in found] == [u.confidence for u in expected.utterances]
    assert [one["start"] for one in found] == [u.start for u in expected.utterances]
    assert [one["unsure"] for one in found] == [u.emotion == "unsure" for u in expected.utterances]


def test_sound_in_memory_gives_what_its_file_gives(pipe):
    sample = sample_files()
    sound = np.concatenate(list(audio_blocks(sample.conversation)))
    turns = [
        {"speaker": s.speaker, "text": s.text, "start": s.start, "end": s.end}
        for s in read_transcript(sample.transcript).segments
    ]
    inputs = {"raw": sound, "sampling_rate": SAMPLE_RATE, "utterances": turns}
    found = pipe(inputs)
    expected = pipe({"path": sample.conversation, "transcript": sample.transcript})
    assert [one["label"] for one in found] == [one["label"] for one in expected]
    scores = [[one["score"] for one in answers] for answers in (found, expected)]
    np.testing.assert_allclose(*scores, atol=5e-3)


def test_the_analysis_behind_the_answers(pipe):
    analysis = pipe.analyze(TALK)
    assert [u.confidence for u in analysis.utterances] == [one["score"] for one in pipe(TALK)]
    assert any(u.hotspots for u in analysis.utterances)


def test_silence_without_a_transcript_has_no_utterances(pipe):
    assert pipe({"raw": np.zeros(16_000), "sampling_rate": 16_000}) == []


def test_devices(pipe):
    assert EmotionPipeline(pipe.model, device=-1)(TALK) == pipe(TALK)
    assert EmotionPipeline(pipe.model, device="cpu")(TALK) == pipe(TALK)
    for device in (99, "cuda:99", "toaster"):
        with pytest.raises(UsageError, match="cannot be used"):
            EmotionPipeline(load(), device=device)


def test_an_unknown_task_and_a_model_of_numbers(pipe):
    from emospot.emotions import Task

    with pytest.raises(UsageError, match='no task "text-classification"'):
        pipeline("text-classification")
    number = renamed(pipe.model, tasks=(Task("valence", "number", ("valence",)),))
    with pytest.raises(ModelError, match="needs one emotion an utterance"):
        EmotionPipeline(number)


def test_a_model_of_hugging_face_needs_no_prefix_unless_it_may_be_a_path(
    hub, tmp_path, monkeypatch
):
    hub.put("lab/calls", models_folder() / "bundled")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="hf:lab/calls is not on this machine"):
        pipeline(model="lab/calls")
    assert hub.asked == []
    assert pipeline(model="lab/calls", allow_download=True).model.card == load("bundled").card
    (tmp_path / "lab").mkdir()
    with pytest.raises(ModelError, match='no model "lab/calls"'):
        pipeline(model="lab/calls", allow_download=True)
    assert pipeline(model="hf:lab/calls").labels
