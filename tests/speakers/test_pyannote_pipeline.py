"""A pipeline of the same interface as pyannote's, whose models cannot be fetched here."""

import os
import sys
from types import ModuleType, SimpleNamespace

import pytest
from huggingface_hub import constants

from emospot.errors import MissingExtraError, ModelError
from emospot.sample import sample_files
from emospot.speakers import pyannote_pipeline
from emospot.speakers.pyannote_pipeline import load_pipeline, turns_by_pipeline

FOUND = [(5.0, 7.0, "B"), (0.5, 2.0, "A"), (6.5, 9.0, "A")]


class Annotation:
    """What `itertracks(yield_label=True)` of pyannote.core gives."""

    def itertracks(self, yield_label=False):
        assert yield_label
        for number, (start, end, label) in enumerate(FOUND):
            yield SimpleNamespace(start=start, end=end), number, label


class Pipeline:
    """Notes how it is called."""

    answer = Annotation()
    broken = None

    @classmethod
    def from_pretrained(cls, place):
        if cls.broken == "absent":
            return None
        if cls.broken:
            raise OSError("no segmentation model")
        made = cls()
        made.place, made.loaded_offline = place, constants.HF_HUB_OFFLINE
        return made

    def __call__(self, given, **options):
        self.given, self.options = given, options
        self.reports = os.environ["PYANNOTE_METRICS_ENABLED"]
        return self.answer


@pytest.fixture
def installed(monkeypatch):
    module = ModuleType("pyannote.audio")
    module.Pipeline = type("Pipeline", (Pipeline,), {})
    monkeypatch.setitem(sys.modules, "pyannote.audio", module)
    monkeypatch.setattr(pyannote_pipeline, "_installed", lambda: True)
    return module.Pipeline


def test_turns_are_named_in_order_and_nothing_is_fetched(installed, tmp_path):
    before = constants.HF_HUB_OFFLINE, dict(os.environ)
    pipeline = load_pipeline(str(tmp_path))
    turns = turns_by_pipeline(pipeline, sample_files().conversation, 2)
    assert turns == [(0.5, 2.0, "speaker 1"), (5.0, 7.0, "speaker 2"), (6.5, 9.0, "speaker 1")]
    assert pipeline.place == tmp_path
    assert pipeline.loaded_offline is True
    assert pipeline.reports == "0"
    assert pipeline.options == {"num_speakers": 2}
    assert pipeline.given["sample_rate"] == 16_000
    assert pipeline.given["waveform"].shape[0] == 1
    assert (constants.HF_HUB_OFFLINE, dict(os.environ)) == before


def test_newer_versions_hold_the_annotation_in_their_answer(installed, tmp_path):
    installed.answer = SimpleNamespace(speaker_diarization=Annotation())
    pipeline = load_pipeline(str(tmp_path))
    assert len(turns_by_pipeline(pipeline, sample_files().conversation)) == 3
    assert pipeline.options == {}


def test_pyannotes_own_annotation_is_understood(installed, tmp_path):
    core = pytest.importorskip("pyannote.core")
    made = core.Annotation()
    for number, (start, end, label) in enumerate(FOUND):
        made[core.Segment(start, end), number] = label
    installed.answer = made
    pipeline = load_pipeline(str(tmp_path))
    turns = turns_by_pipeline(pipeline, sample_files().conversation)
    assert [name for _, _, name in turns] == ["speaker 1", "speaker 2", "speaker 1"]


def test_what_cannot_be_loaded_is_told(installed, tmp_path):
    installed.broken = "damaged"
    with pytest.raises(ModelError, match="is no pipeline .*no segmentation model"):
        load_pipeline(str(tmp_path))
    installed.broken = "absent"
    with pytest.raises(ModelError, match="is not on this machine"):
        load_pipeline(str(tmp_path))
    with pytest.raises(ModelError, match="there is no such pipeline"):
        load_pipeline(str(tmp_path / "nothing"))


def test_without_pyannote_the_extra_is_named(monkeypatch, tmp_path):
    def absent(name):
        raise ModuleNotFoundError("No module named 'pyannote'")

    monkeypatch.setattr(pyannote_pipeline.importlib.util, "find_spec", absent)
    with pytest.raises(MissingExtraError, match=r"emospot\[pyannote\]"):
        load_pipeline(str(tmp_path))
