"""The page of a model's faithfulness, from figures that are known."""

import numpy as np
import pytest

from emospot.errors import UsageError
from emospot.evaluation.faithfulness import AT_RANDOM, HOTSPOTS, Faithfulness
from emospot.experiments import faithfulness_study
from emospot.experiments.benchmarks import publish
from emospot.experiments.detector_tables import detectors_page
from emospot.experiments.faithfulness_study import run_faithfulness
from emospot.files import write_json


class _Model:
    class card:  # noqa: N801
        name = "m"


def test_the_page(monkeypatch, tmp_path):
    random = np.random.default_rng(0)
    found = [
        Faithfulness(f"d{n % 10}", f"u{n}", ranking, high + 0.05 * random.normal(), 0.1)
        for n in range(60)
        for ranking, high in ((HOTSPOTS, 0.4), (AT_RANDOM, 0.2), ("gate", 0.2))
    ]
    monkeypatch.setattr(faithfulness_study, "faithfulness", lambda *_, **__: found)
    results = run_faithfulness(_Model, [], "words", "talks (test)", utterances=60)
    by_name = {one["model"]: one for one in results["comparisons"]}
    assert set(by_name) == {HOTSPOTS, "gate"}
    assert by_name[HOTSPOTS]["difference"] == pytest.approx(0.2, abs=0.02)
    assert by_name[HOTSPOTS]["p"] < 0.01
    assert by_name["gate"]["p"] > 0.05
    page = detectors_page(results)
    assert "## m on talks (test): tokens of words taken away from 60 utterances" in page
    assert "| hotspots | 39." in page or "| hotspots | 40." in page
    assert "comprehensiveness" in page
    write_json(tmp_path / "faithfulness" / "results.json", results)
    _, benchmarks = publish(tmp_path / "faithfulness", tmp_path / "docs")
    asked = "emospot hotspots faithfulness m STORE --out OUT --modality words --utterances 60"
    assert f"`{asked}`: 3 measurements; finished" in benchmarks.read_text()


def test_nothing_to_take_away(monkeypatch):
    monkeypatch.setattr(faithfulness_study, "faithfulness", lambda *_, **__: [])
    with pytest.raises(UsageError, match="no utterance of talks has 4 tokens of words or more"):
        run_faithfulness(_Model, [], "words", "talks", utterances=3)
