"""Marks teach; no model reads them as it reads what a detector finds."""

import numpy as np
import pytest

from emospot.analysis.models import load
from emospot.config import parse_config
from emospot.errors import ConfigError, ModelError
from emospot.evaluation.run import evaluate_run, labelled_examples
from emospot.experiments.study import parse_study
from emospot.model.predict import predict
from emospot.model.pretrained import load_model
from emospot.training.fit import train


def test_marks_teach_and_are_not_read(tmp_path, make_store):
    """A model that read them would be told at training what it is not told later."""
    store = make_store(detectors={"words": "marks:0a1b2c3d"})
    values = {"model": {"modalities": ["words"], "width": 8, "heads": 2, "kernel_reader": False}}
    quick = {"epochs": 2, "dev": "none", "choose": "last"}
    for fusion, refused in (("hotspot_gated", True), ("global", False)):
        values["model"]["fusion"] = fusion
        config = parse_config({**values, "training": quick})
        if refused:
            with pytest.raises(ConfigError, match="hotspots of words are marks.*--marks"):
                train(store, tmp_path / fusion, config, seeds=[0])
            assert not (tmp_path / fusion).exists(), "so that the next call may use the folder"
        else:
            train(store, tmp_path / fusion, config, seeds=[0])
    values["model"] |= {"fusion": "hotspot_gated", "learned_hotspots": ["words"]}
    for weight in (0.0, 5.0):
        config = parse_config({**values, "training": {**quick, "marks_weight": weight}})
        train(store, tmp_path / f"{weight}", config, seeds=[0])
    models = [load_model(tmp_path / name / "seed-0" / "model") for name in ("0.0", "5.0")]
    assert [model.card.detectors for model in models] == [{}, {}]
    examples = labelled_examples(store, "test")
    marked = [_at_marks(model, examples) for model in models]
    assert marked[1] > marked[0]


def test_marks_are_not_read_in_an_evaluation_either(tmp_path, make_store):
    values = {"modalities": ["words"], "width": 8, "heads": 2, "kernel_reader": False}
    quick = {"epochs": 1, "dev": "none", "choose": "last"}
    config = parse_config({"model": values, "training": quick})
    train(make_store(), tmp_path / "run", config, seeds=[0])
    marked = make_store("marked", detectors={"words": "marks:0a1b2c3d"})
    with pytest.raises(ConfigError, match="the store's hotspots of words are marks"):
        evaluate_run(tmp_path / "run", marked)


def test_an_oracle_reads_marks_and_nothing_else(tmp_path, make_store):
    values = {
        "modalities": ["words"], "width": 8, "heads": 2, "kernel_reader": False, "oracle": True,
    }  # fmt: skip
    quick = {"epochs": 1, "dev": "none", "choose": "last"}
    config = parse_config({"model": values, "training": quick})
    with pytest.raises(ConfigError, match="the store has none of words"):
        train(make_store(), tmp_path / "unmarked", config, seeds=[0])
    marked = make_store("marked", detectors={"words": "marks:0a1b2c3d"})
    train(marked, tmp_path / "run", config, seeds=[0])
    assert evaluate_run(tmp_path / "run", marked).mean["accuracy"] >= 0
    # No recording brings marks along.
    with pytest.raises(ModelError, match="is an oracle"):
        load(tmp_path / "run")
    for strange in ({"learned_hotspots": ["words"]}, {"fusion": "global"}):
        with pytest.raises(ConfigError, match="an oracle reads marks"):
            parse_config({"model": {**values, **strange}})
    study = {
        "title": "t", "corpora": {"c": {"source": "c.csv"}},
        "models": {"emospot": {"model": values}},
    }  # fmt: skip
    with pytest.raises(ConfigError, match='its name must say "oracle"'):
        parse_study(study, "test")


def _at_marks(model, examples):
    """How much higher a model scores marked first tokens than others."""
    found = [[], []]
    for example, prediction in zip(examples, predict(model, examples), strict=True):
        for spots, scores in zip(example.hotspots, prediction.hotspots["words"], strict=True):
            for place, score in enumerate(scores):
                found[bool(spots) and place == 0].append(score)
    return np.mean(found[True]) - np.mean(found[False])
