"""Detectors whose figures are known: one that knows, one that guesses, one that is silent."""

import json

import numpy as np
import pytest

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.corpora.truths import MarkedRecording, Truth
from emospot.errors import UsageError
from emospot.experiments.benchmarks import publish
from emospot.experiments.detector_study import detectors_for, run_detectors, write_detectors
from emospot.experiments.detector_tables import detectors_page
from emospot.hotspots.panel import Panel
from emospot.hotspots.registry import panel

PLACES = np.random.default_rng(0).uniform(0, 58, 60)


def _recordings(data, extractors):
    for number, start in enumerate(PLACES):
        conversation = Conversation(f"r{number}", (Utterance("1", "A", 0.0, 60.0),))
        marked = ((Hotspot("voice", start, start + 2, 1.0, "x"),),)
        tokens = {"basic": (None,)}
        yield MarkedRecording(conversation, marked, tokens, f"actor {number % 12}")


class _Detector:
    modality, reads = "voice", ()

    def __init__(self, name, shift):
        self.name, self.shift = name, shift

    def detect(self, conversation, descriptors):
        if self.shift is None:
            return [[]]
        start = PLACES[int(conversation.id[1:])] + self.shift(int(conversation.id[1:]))
        return [[Hotspot("voice", start, start + 2, 0.5, "x")]]


class _Gate(_Detector):
    """Scores each second by how much of what is marked lies in it, and a constant."""

    reads = ("basic",)

    def scored_tokens(self, conversation, descriptors):
        start = PLACES[int(conversation.id[1:])]
        times = np.array([[t, t + 1.0] for t in range(60)])
        inside = np.minimum(times[:, 1], start + 2) - np.maximum(times[:, 0], start)
        return [[(Tokens(np.zeros((60, 1)), times), 0.2 + 0.5 * (inside > 0))]]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    guess = np.random.default_rng(1).uniform(-30, 30, 60)
    detectors = [
        Panel((_Detector("phrases", lambda n: 0.1),)),
        Panel((_Detector("peaks", lambda n: guess[n]),)),
        Panel((_Detector("silent", None),)),
        Panel((_Gate("gate", lambda n: 0.0),)),
    ]
    stages = []
    truth = Truth("planted", "planted moments", "voice", "spans", _recordings)
    face = Truth("none", "of the face", "face", "spans", _recordings)
    found = run_detectors(tmp_path_factory.mktemp("data"), detectors, [truth, face], stages.append)
    assert stages == ["planted", "planted: phrases", "planted: peaks", "planted: silent",
                      "planted: gate"]  # fmt: skip
    return found


def by(rows, **wanted):
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def test_the_one_that_knows(results):
    (run,) = by(results["runs"], model="phrases")
    assert run["scores"]["f1"] == 1.0
    assert run["scores"]["onset_error"] == pytest.approx(0.1)
    assert run["real_time_factor"] == pytest.approx(run["seconds"] / 3600, abs=1e-6)
    (summary,) = by(results["summary"], model="phrases", metric="f1")
    assert (summary["mean"], summary["ci"], summary["corpus"]) == (1.0, [1.0, 1.0], "planted")
    (onset,) = by(results["summary"], model="phrases", metric="onset_error")
    assert onset["ci"] == pytest.approx([0.1, 0.1])
    (against,) = by(results["comparisons"], model="phrases", reference="at random places")
    assert against["difference"] > 0.9
    assert against["p"] < 0.01


def test_the_one_that_guesses(results):
    (against,) = by(results["comparisons"], model="peaks", reference="at random places")
    low, high = against["ci"]
    assert low < 0 < high
    assert against["p"] > 0.05
    (chance,) = by(results["comparisons"], reference="phrases at random")
    assert chance["model"] == "phrases"
    (primary,) = by(results["comparisons"], primary=True)
    assert (primary["model"], primary["reference"]) == ("phrases", "peaks")
    assert primary["p"] < 0.01


def test_the_silent_one_and_the_whole(results):
    (silent,) = by(results["runs"], model="silent")
    assert silent["scores"]["f1"] == silent["scores"]["precision"] == 0
    assert silent["scores"]["onset_error"] is None
    assert by(results["summary"], model="silent", metric="precision") == []
    (whole,) = by(results["runs"], model="the whole utterance")
    assert whole["scores"]["f1"] == 0


def test_the_one_that_scores_tokens(results):
    (run,) = by(results["runs"], model="gate")
    assert run["tokens"]["mark_correlation"] == pytest.approx(1.0)
    assert run["tokens"]["ci"] == pytest.approx([1.0, 1.0])
    marked = np.mean([3 if start % 1 else 2 for start in PLACES]) / 60
    assert run["tokens"]["mean"] == pytest.approx(0.2 + 0.5 * marked)
    assert run["tokens"]["variance"] == pytest.approx(0.25 * marked * (1 - marked))
    assert not any("tokens" in other for other in results["runs"] if other["model"] != "gate")
    (against,) = by(results["comparisons"], model="gate", reference="phrases")
    assert against["difference"] == pytest.approx(0.0)
    assert against["p"] > 0.5
    told = "gate, token by token of what it reads: correlation of score and mark 1.00 [1.00, 1.00]"
    assert told in detectors_page(results)


def test_the_page(results, tmp_path):
    page = detectors_page(results)
    assert "## planted: planted moments" in page
    assert "| phrases | 100.0 [100.0, 100.0] |" in page
    assert "Primary comparison: phrases less peaks, f1: +" in page
    write_detectors(results, tmp_path / "hotspots")
    assert json.loads((tmp_path / "hotspots" / "results.json").read_text()) == results
    _, benchmarks = publish(tmp_path / "hotspots", tmp_path / "docs")
    text = benchmarks.read_text()
    assert text.startswith("# Detectors of hotspots against known moments\n")
    assert "`emospot hotspots benchmark --out hotspots`: 6 measurements" in text
    assert "\n## planted: planted moments" in text


def test_nothing_to_look_at(tmp_path):
    truth = Truth("none", "of the face", "face", "spans", _recordings)
    with pytest.raises(UsageError, match="none of phrases looks where moments are known: face"):
        run_detectors(tmp_path, [Panel((_Detector("phrases", None),))], [truth])


def test_who_can_read_what_a_truth_brings():
    brought = Truth("own", "of the face", "face", "order", _recordings, brings="openface")
    filmed = Truth("films", "of the face", "face", "spans", _recordings)
    panels = [panel("gestures"), panel("expression"), panel("units"), panel("peaks")]
    assert [one.name for one in detectors_for(brought, panels)] == ["units"]
    assert [one.name for one in detectors_for(filmed, panels)] == ["gestures", "expression"]
    assert detectors_for(brought, [panel("expression+units")]) == []
    assert detectors_for(filmed, [panel("expression+units")]) == []


def test_nothing_twice(tmp_path):
    same = [Panel((_Detector("phrases", None),))] * 2
    with pytest.raises(UsageError, match='"phrases" is asked for twice'):
        run_detectors(tmp_path, same, [])
