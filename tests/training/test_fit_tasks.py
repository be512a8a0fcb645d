"""Every kind of task trains, is chosen, saved and evaluated by its own formulas."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from emospot.analysis.analyze import analyze
from emospot.config import parse_config
from emospot.emotions import MOSEI_EMOTIONS
from emospot.errors import ConfigError, ModelError, StoreError, UsageError
from emospot.evaluation.run import evaluate_run, labelled_examples, run_predictions
from emospot.evaluation.significance import compare
from emospot.model.predict import predict
from emospot.model.pretrained import load_model
from emospot.training.fit import train

MODEL = {"kind": "mlp", "width": 32, "dropout": 0.0}
SMALL = {
    "width": 16,
    "heads": 2,
    "graph_heads": 2,
    "aligners": "none",
    "input_dropout": 0.1,
    "context_layers": 1,
    "graph": False,
}
STEPS = {"epochs": 12, "batch_size": 4, "learning_rate": 1e-2, "average_decay": 0.8}


def _config(*tasks: str, **training: object):
    return parse_config({"model": MODEL, "training": {**STEPS, "tasks": tasks, **training}})


def test_several_labels_from_end_to_end(make_rated_store, tmp_path: Path) -> None:
    store, run = make_rated_store(), tmp_path / "run"
    config = _config("mosei_emotions", class_weights=True)
    config = config.model_copy(update={"model": parse_config({"model": SMALL}).model})
    (result,) = train(store, run, config)
    assert result.dev == ("w-F1", result.dev_weighted_f1)
    assert result.dev_mae is None
    assert {"dev_weighted_f1", "dev_macro_f1"} < set(result.history[0])
    model = load_model(run / "seed-0" / "model")
    assert model.card.main == MOSEI_EMOTIONS
    assert model.card.labels.labels == MOSEI_EMOTIONS.outputs
    assert (model.card.temperature, model.card.unsure_below) == (1.0, 0.0)
    evaluation = evaluate_run(run, store)
    assert (evaluation.task, evaluation.kind) == ("mosei_emotions", "several")
    # Always "yes" scores 0.5; the features tell nearly all.
    assert evaluation.mean["f1:happiness"] > 0.75
    assert evaluation.mean["f1:anger"] > 0.75
    assert evaluation.mean["accuracy:fear"] == 1.0
    assert evaluation.seeds[0].calibration_error is None
    json.dumps(evaluation.to_dict(), allow_nan=False)
    (answer, *_) = predict(model, labelled_examples(store, "test"))
    expected = 1 / (1 + np.exp(-answer.logits))
    assert np.allclose(answer.probabilities, expected, atol=1e-6)


@pytest.mark.parametrize("loss", ["smooth_l1", "l1"])
def test_a_number_from_end_to_end(make_rated_store, tmp_path: Path, loss: str) -> None:
    store, run = make_rated_store(), tmp_path / "run"
    reports = []
    config = _config("mosei_sentiment", number_loss=loss)
    (result,) = train(store, run, config, on_epoch=reports.append)
    best = min(row["dev_mae"] for row in result.history)
    assert result.dev == ("MAE", best)
    assert result.dev_score == -best
    assert result.dev_weighted_f1 is None
    assert reports[result.epoch].dev == ("MAE", best)
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["dev_mae"]["mean"] == pytest.approx(best)
    model = load_model(run / "seed-0" / "model")
    assert model.card.scores == {"dev_mae": pytest.approx(best)}
    evaluation = evaluate_run(run, store)
    # The median alone has a mean absolute error of about 1.5.
    assert evaluation.mean["mae"] < 0.9
    assert evaluation.mean["correlation"] > 0.8
    assert evaluation.mean["acc2_negative_positive"] > 0.9
    json.dumps(evaluation.to_dict(), allow_nan=False)
    found = run_predictions(run, store)
    assert set(np.round(found.true * 3).astype(int)) <= set(range(-9, 10)), "in its own units"
    assert predict(model, labelled_examples(store, "test"))[0].probabilities.shape == (12, 0)


@pytest.mark.parametrize(("task", "classes"), [("mosei2", 2), ("mosei7", 7)])
def test_a_label_derived_from_a_number(
    make_rated_store, tmp_path: Path, task: str, classes: int
) -> None:
    store, run = make_rated_store(), tmp_path / "run"
    train(store, run, _config(task))
    model = load_model(run / "seed-0" / "model")
    assert (model.card.labels.name, len(model.card.labels)) == (task, classes)
    evaluation = evaluate_run(run, store)
    assert evaluation.labels == model.card.labels.labels
    assert evaluation.mean["weighted_f1"] > (0.8 if classes == 2 else 0.4)
    assert evaluation.seeds[0].calibration_error is not None
    model.require_single_label()


def test_a_second_head_is_learned_beside_the_main_one(make_rated_store, tmp_path: Path) -> None:
    store = make_rated_store(labelled=True)
    train(store, tmp_path / "one", _config("emotion"), seeds=(0, 1))
    train(store, tmp_path / "two", _config("emotion", "valence"), seeds=(0, 1, 2))
    two = evaluate_run(tmp_path / "two", store)
    assert two.mean["weighted_f1"] > 0.7
    assert two.mean["valence:correlation"] > 0.8
    assert "valence:mae" not in evaluate_run(tmp_path / "one", store).mean
    model = load_model(tmp_path / "two" / "seed-0" / "model")
    assert [task.name for task in model.card.heads] == ["emotion", "valence"]
    assert model.card.heads[1].center == pytest.approx(3.0, abs=0.3)
    found = compare(
        run_predictions(tmp_path / "two", store), run_predictions(tmp_path / "one", store)
    )
    assert found.seeds == (3, 2)
    expected = two.mean["weighted_f1"] - evaluate_run(tmp_path / "one", store).mean["weighted_f1"]
    assert found.difference == pytest.approx(expected)


def test_a_second_head_learns_by_its_weight(make_rated_store, tmp_path: Path) -> None:
    store = make_rated_store(labelled=True)

    def bias(name: str, weight: float, rate: float) -> np.ndarray:
        settings = {"auxiliary_weight": weight, "learning_rate": rate, "epochs": 1}
        train(store, tmp_path / name, _config("emotion", "valence", **settings))
        weights = load_file(tmp_path / name / "seed-0" / "model" / "model.safetensors")
        return weights["heads.valence.bias"].numpy()

    untouched = bias("a", 0.0, 1e-2)
    assert np.array_equal(untouched, bias("b", 0.0, 2e-2))
    assert not np.array_equal(untouched, bias("c", 0.5, 1e-2))


def test_what_the_data_lack_is_named(make_rated_store, make_store, tmp_path: Path) -> None:
    rated, plain = make_rated_store(), make_store()
    with pytest.raises(UsageError, match='"emotion" needs utterances with labels.*sentiment'):
        train(rated, tmp_path / "a", _config("emotion"))
    with pytest.raises(UsageError, match='"mosei2" needs the target "sentiment".*targets: none'):
        train(plain, tmp_path / "b", _config("mosei2"))
    with pytest.raises(ConfigError, match="tasks must be distinct"):
        _config("emotion", "emotion")
    with pytest.raises(ConfigError, match="at least one"):
        _config()


def test_a_training_without_a_finite_answer_says_so(make_rated_store, tmp_path: Path) -> None:
    config = _config("mosei_sentiment", learning_rate=1e38, epochs=2)
    with pytest.raises(ModelError, match="no epoch of seed 0 gave finite answers.*lower"):
        train(make_rated_store(), tmp_path / "run", config)


@pytest.mark.parametrize(
    ("task", "metric", "least"),
    [
        ("mosei2", "weighted_f1", 0.6),
        ("mosei_emotions", "f1:happiness", 0.75),
        ("mosei_sentiment", "correlation", 0.5),
    ],
)
@pytest.mark.parametrize("dev", ["stratified", "none"])
def test_baselines_fitted_at_once_learn_every_kind_of_task(
    make_rated_store, tmp_path: Path, task: str, metric: str, least: float, dev: str
) -> None:
    store = make_rated_store()
    training = {"tasks": [task], "dev": dev, "choose": "dev" if dev == "stratified" else "last"}
    means = {}
    for kind in ("majority", "logistic_regression"):
        config = parse_config({"model": {"kind": kind}, "training": training})
        (result,) = train(store, tmp_path / kind, config)
        assert (result.dev[1] is None) == (dev == "none")
        means[kind] = evaluate_run(tmp_path / kind, store).mean
    assert means["logistic_regression"][metric] > least
    assert not means["majority"][metric] > means["logistic_regression"][metric]


def test_baselines_fitted_at_once_learn_one_task(make_rated_store, tmp_path: Path) -> None:
    training = {"tasks": ["mosei2", "valence"]}
    config = parse_config({"model": {"kind": "majority"}, "training": training})
    with pytest.raises(UsageError, match="learns one task, found mosei2, valence: set"):
        train(make_rated_store(), tmp_path / "run", config)


def test_a_store_without_the_targets_and_an_analysis_are_refused(
    make_rated_store, make_store, tmp_path: Path
) -> None:
    train(make_rated_store(), tmp_path / "run", _config("mosei_sentiment", epochs=1))
    with pytest.raises(StoreError, match="no utterance with sentiment in test of"):
        evaluate_run(tmp_path / "run", make_store())
    transcript = tmp_path / "talk.txt"
    transcript.write_text("A: hello\nB: hello\n")
    with pytest.raises(ModelError, match='task "mosei_sentiment".*single-label'):
        analyze(transcript, model=tmp_path / "run")
