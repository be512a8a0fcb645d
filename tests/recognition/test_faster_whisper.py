"""The real code with a model of the same interface; the interface is checked as installed."""

import inspect
import math
from types import SimpleNamespace

import numpy as np
import pytest

from emospot.errors import MissingExtraError, ModelError
from emospot.recognition import faster_whisper as ours
from emospot.recognition.faster_whisper import FasterWhisper
from emospot.recognition.recogniser import load_recogniser

theirs = pytest.importorskip("faster_whisper")


def word(start, end, text):
    return theirs.transcribe.Word(start=start, end=end, word=text, probability=0.9)


SAID = [[word(0.1, 0.4, " Oh"), word(0.4, 0.8, " no.")], None, [word(1.2, 1.0, " Why?")]]


class Model:
    """In the place of `faster_whisper.WhisperModel`, with its signatures."""

    made = None
    error = None

    def __init__(self, model_size_or_path, **options):
        if Model.error is not None:
            raise Model.error
        inspect.signature(theirs.WhisperModel.__init__).bind(self, model_size_or_path, **options)
        Model.made = (model_size_or_path, options)
        self.asked = []

    def transcribe(self, audio, **options):
        inspect.signature(REAL.transcribe).bind(self, audio, **options)
        Model.asked = options
        segments = (SimpleNamespace(words=words) for words in SAID)
        return segments, SimpleNamespace(language=options["language"] or "en")


REAL = theirs.WhisperModel


@pytest.fixture
def folder(tmp_path):
    for name in ours.FILES:
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


@pytest.fixture
def model(monkeypatch):
    monkeypatch.setattr(Model, "error", None)
    monkeypatch.setattr(theirs, "WhisperModel", Model)


def test_words_come_with_their_times_and_language(model, folder):
    recogniser = load_recogniser(f"faster-whisper:{folder}")
    words, language = recogniser.words(np.zeros(16_000, np.float32), "")
    assert [(w.start, w.end, w.text) for w in words] == [
        (0.1, 0.4, " Oh"),
        (0.4, 0.8, " no."),
        (1.2, 1.2, " Why?"),
    ]
    assert language == "en"
    assert Model.asked["word_timestamps"] is True
    assert Model.asked["language"] is None
    assert recogniser.name == f"faster-whisper ({folder.name})"


def test_the_model_is_taken_from_its_folder_and_never_fetched(model, folder):
    FasterWhisper(str(folder), allow_download=True)
    path, options = Model.made
    assert path == str(folder)
    assert options["local_files_only"] is True


def test_the_language_is_passed_on_and_no_sound_has_no_words(model, folder):
    recogniser = FasterWhisper(str(folder))
    assert recogniser.words(np.zeros(100, np.float32), "de")[1] == "de"
    assert Model.asked["language"] == "de"
    assert recogniser.words(np.zeros(0, np.float32), "de") == ([], "de")


def test_times_that_are_no_numbers_are_left_out(model, folder, monkeypatch):
    monkeypatch.setitem(globals(), "SAID", [[word(math.nan, 1.0, " x"), word(0.0, 1.0, " y")]])
    words, _ = FasterWhisper(str(folder)).words(np.zeros(10, np.float32), "")
    assert [w.text for w in words] == [" y"]


def test_a_name_is_not_fetched_unless_it_is_allowed(monkeypatch):
    asked = []

    def download(name, local_files_only=False):
        asked.append((name, local_files_only))
        raise FileNotFoundError("not in the cache")

    monkeypatch.setattr(theirs.utils, "download_model", download)
    with pytest.raises(ModelError, match=r"not on this machine.*--allow-download"):
        FasterWhisper("small")
    with pytest.raises(ModelError, match="cannot be fetched: not in the cache"):
        FasterWhisper("small", allow_download=True)
    assert asked == [("small", True), ("small", False)]


def test_the_real_lookup_of_a_name_stays_on_this_machine(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=r"no such folder, and nothing of that name"):
        FasterWhisper("tiny")
    with pytest.raises(ModelError, match=r"no such folder"):
        FasterWhisper("no-such-size")


def test_a_name_that_was_fetched_before_is_found(model, folder, monkeypatch):
    monkeypatch.setattr(theirs.utils, "download_model", lambda name, **options: str(folder))
    assert FasterWhisper("Systran/faster-whisper-small").name == (
        "faster-whisper (faster-whisper-small)"
    )
    assert Model.made[0] == str(folder)


def test_a_folder_without_a_tokenizer_is_refused(model, folder):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"has no tokenizer\.json; expected"):
        FasterWhisper(str(folder))


def test_damaged_weights_are_told(folder):
    with pytest.raises(ModelError, match="cannot be loaded as a model of faster-whisper"):
        FasterWhisper(str(folder))


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(ours.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"emospot\[asr\]"):
        FasterWhisper("small")
