"""Detectors by name, those of other packages included."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from emospot.conversation import MODALITIES
from emospot.errors import UsageError
from emospot.hotspots import registry
from emospot.hotspots.llm_endpoint import LlmEndpoint
from emospot.hotspots.registry import DEFAULTS, GROUP, detector, known_detectors, panel, panels


class Sighs:
    """What another package might bring."""

    name, modality, reads = "sighs", "voice", ("basic",)

    def __init__(self, **changed):
        vars(self).update(changed)

    def detect(self, conversation, descriptors):
        return [[] for _ in conversation.utterances]


def misnamed():
    return Sighs(name="laughs")


def textual():
    return Sighs(name="textual", reads="basic")


def handy():
    return Sighs(name="handy", modality="hands")


class Halfway:
    name = "halfway"


def broken():
    raise RuntimeError("no sound card")


@pytest.fixture
def from_elsewhere(monkeypatch):
    here = sys.modules[__name__].__name__
    sys.modules.setdefault(here, sys.modules[__name__])
    points = [
        EntryPoint("sighs", f"{here}:Sighs", GROUP),
        EntryPoint("halfway", f"{here}:Halfway", GROUP),
        EntryPoint("broken", f"{here}:broken", GROUP),
        *(EntryPoint(n, f"{here}:{n}", GROUP) for n in ("misnamed", "textual", "handy")),
        EntryPoint("gone", "no_such_package:Thing", GROUP),
        EntryPoint("lexicon", f"{here}:broken", GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == GROUP else [])


def test_every_detector_has_the_name_and_modality_that_it_is_listed_under(monkeypatch):
    monkeypatch.setenv("EMOSPOT_LLM_BASE_URL", "http://here/v1")
    monkeypatch.setenv("EMOSPOT_LLM_MODEL", "small")
    pytest.importorskip("openai", reason="needs the extra [llm]")
    for name, known in known_detectors().items():
        made = known.make()
        assert (made.name.partition(":")[0], made.modality) == (name, known.modality)
    assert {detector(name).modality for name in DEFAULTS.values()} == set(MODALITIES)
    assert all(detector(name).modality == m for m, name in DEFAULTS.items())


@pytest.mark.usefixtures("from_elsewhere")
def test_a_detector_of_another_package():
    assert panel("phrases+sighs").name == "phrases+sighs"
    assert detector("lexicon").modality == "words"  # a name of our own cannot be taken
    with pytest.raises(UsageError, match="halfway.*has no modality and no reads and no detect"):
        detector("halfway")
    with pytest.raises(UsageError, match="broken.*cannot be loaded: no sound card"):
        detector("broken")
    with pytest.raises(UsageError, match="gone.*cannot be loaded.*no_such_package"):
        detector("gone")
    for name, fault in (
        ("misnamed", 'calls itself "laughs"'),
        ("textual", "reads 'basic', which is no tuple"),
        ("handy", 'looks at "hands", which is none of words, voice, face'),
    ):
        with pytest.raises(UsageError, match=fault):
            detector(name)
    with pytest.raises(UsageError, match="known ones: lexicon.*sighs"):
        detector("laughs")


def test_the_three_forms():
    assert panel("phrases + prosody").combine == "union"
    vote = panel("phrases=2, prosody=1")
    assert (vote.combine, vote.weights, vote.name) == ("vote", (2.0, 1.0), "phrases=2,prosody=1")
    for name in ("phrases", "phrases+prosody", "phrases=0.5,prosody=1"):
        assert panel(panel(name).name).name == panel(name).name
    with pytest.raises(UsageError, match="NAME=WEIGHT"):
        panel("phrases=2,prosody")
    with pytest.raises(UsageError, match="look at voice and words"):
        panel("phrases+lexicon")


def test_a_language_model_by_its_name():
    pytest.importorskip("openai", reason="needs the extra [llm]")
    here = LlmEndpoint("http://here/v1", "small")
    chosen = panel("llm:org/large-7b=2,lexicon=1", here)
    assert chosen.name == "llm:org/large-7b=2,lexicon=1"
    assert detector("llm", here).name == "llm:small"
    with pytest.raises(UsageError, match='no hotspot detector "lexicon:x"'):
        detector("lexicon:x")


def test_choices_of_several_modalities():
    chosen = panels(["expression", "phrases", "lexicon", "prosody"])
    assert {m: p.name for m, p in chosen.items()} == {
        "words": "lexicon", "voice": "phrases+prosody", "face": "expression",
    }  # fmt: skip
    assert list(chosen) == list(MODALITIES)
    with pytest.raises(UsageError, match="all detectors of a vote in one choice"):
        panels(["phrases=1,prosody=1", "phrases"])
    assert panels([]) == {}


def test_asking_for_names_brings_nothing_heavy():
    code = """
import sys
from emospot.hotspots.registry import known_detectors
known_detectors()
heavy = {"torch", "openai", "pydantic", "transformers", "vaderSentiment", "scipy", "sklearn", "av"}
sys.exit(", ".join(heavy & set(sys.modules)) or 0)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
