import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.utils import estimator_checks

from emospot.analysis.analyze import analyze
from emospot.errors import ConfigError, FeatureError, ModelError, UsageError
from emospot.interfaces.classifier import FILE, EmotionClassifier, weighted_f1

TONE = {"modalities": ("tone",), "epochs": 4, "width": 8, "learning_rate": 3e-2}


@pytest.fixture(scope="module")
def fitted(talks) -> EmotionClassifier:
    return EmotionClassifier(**TONE).fit(*talks)


def together(arrays):
    return np.concatenate(list(arrays))


def test_words_alone_are_learned_by_minilm(talks):
    classifier = EmotionClassifier(width=16, epochs=4).fit(*talks)
    assert classifier.score(*talks) > 0.9
    unseen = [[{"text": "I am so glad."}, {"text": "She died and I cry."}]]
    assert classifier.predict(unseen)[0].tolist() == ["happy", "sad"]


def test_answers_have_the_form_of_what_is_asked(fitted, talks):
    X, y = talks
    labels, probabilities = fitted.predict(X), fitted.predict_proba(X)
    assert fitted.classes_.tolist() == ["happy", "sad"]
    assert labels.shape == probabilities.shape == (len(X),)
    assert [len(own) for own in labels] == [*map(len, y)]
    for own, best in zip(probabilities, labels, strict=True):
        np.testing.assert_allclose(own.sum(axis=1), 1.0, atol=1e-6)
        assert (fitted.classes_[own.argmax(axis=1)] == best).all()


def test_what_is_plain_is_learned(fitted, talks):
    assert fitted.score(*talks) == fitted.weighted_f1(*talks) == 1.0
    wrong = [["sad" if label == "happy" else "happy" for label in own] for own in talks[1]]
    assert fitted.score(talks[0], wrong) == fitted.weighted_f1(talks[0], wrong) == 0.0


def test_the_score_is_that_of_scikit_learn(fitted, talks):
    from sklearn.metrics import accuracy_score, f1_score

    X, y = talks
    y = [["sad", *own[1:]] for own in y]
    true, found = together(y), together(fitted.predict(X))
    assert fitted.score(X, y) == pytest.approx(accuracy_score(true, found))
    assert fitted.weighted_f1(X, y) == pytest.approx(f1_score(true, found, average="weighted"))


def test_order_and_company_change_no_answer(fitted, talks):
    X = talks[0]
    whole = fitted.predict_proba(X)
    np.testing.assert_allclose(
        together(fitted.predict_proba(X[::-1])), together(whole[::-1]), atol=1e-6
    )
    for one, own in zip(X, whole, strict=True):
        np.testing.assert_allclose(fitted.predict_proba([one])[0], own, atol=1e-6)


def test_the_same_seed_gives_the_same_model_and_leaves_the_generators_alone(fitted, talks):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    again = clone(fitted).fit(*talks)
    assert torch.equal(torch.rand(3), expected)
    np.testing.assert_array_equal(
        together(again.predict_proba(talks[0])), together(fitted.predict_proba(talks[0]))
    )
    other = EmotionClassifier(**TONE, random_state=1).fit(*talks)
    assert not np.array_equal(
        together(other.predict_proba(talks[0])), together(fitted.predict_proba(talks[0]))
    )


def test_other_random_states(talks):
    generators = [np.random.RandomState(3), np.random.RandomState(3)]
    one, same = (EmotionClassifier(**TONE, random_state=g).fit(*talks) for g in generators)
    assert one.seed_ == same.seed_
    assert EmotionClassifier(**TONE, random_state=None).fit(*talks).seed_ >= 0


def test_saved_and_loaded_it_answers_the_same(fitted, talks, tmp_path):
    fitted.save(tmp_path / "mine")
    again = EmotionClassifier.load(tmp_path / "mine")
    before, after = (together(c.predict_proba(talks[0])) for c in (fitted, again))
    np.testing.assert_array_equal(before, after)
    assert again.classes_.tolist() == fitted.classes_.tolist()
    assert again.get_params() == {**fitted.get_params(), "modalities": ["tone"]}
    pickled = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(together(pickled.predict_proba(talks[0])), before)


def test_what_is_saved_is_a_model_for_analyses(talks, tmp_path):
    classifier = EmotionClassifier(width=8, epochs=1).fit(*talks)
    classifier.save(tmp_path / "mine")
    path = tmp_path / "talk.txt"
    path.write_text("A: I am so glad.\nB: It hurts so much.\n", encoding="utf-8")
    found = analyze(path, model=tmp_path / "mine").utterances
    turns = [
        {"speaker": "A", "text": "I am so glad."},
        {"speaker": "B", "text": "It hurts so much."},
    ]
    expected = classifier.predict_proba([turns])[0]
    np.testing.assert_allclose(
        [[u.probabilities[c] for c in ("happy", "sad")] for u in found], expected, atol=1e-5
    )


def test_a_damaged_folder(fitted, tmp_path):
    with pytest.raises(ModelError, match="no classifier in"):
        EmotionClassifier.load(tmp_path)
    fitted.save(tmp_path)
    whole = (tmp_path / FILE).read_text(encoding="utf-8")
    for changed in ("{", "{}", whole.replace('"words"', '"flavour"')):
        (tmp_path / FILE).write_text(changed, encoding="utf-8")
        with pytest.raises(ModelError, match="damaged"):
            EmotionClassifier.load(tmp_path)
    (tmp_path / FILE).write_text(whole.replace('"happy",', ""), encoding="utf-8")
    with pytest.raises(ModelError, match="different classes"):
        EmotionClassifier.load(tmp_path)


def test_a_data_frame_is_answered_row_by_row(fitted, talks):
    X, y = talks
    rows = [
        {"dialogue": d, **turn, "emotion": label}
        for d, (turns, labels) in enumerate(zip(X, y, strict=True))
        for turn, label in zip(turns, labels, strict=True)
    ]
    frame = pd.DataFrame(rows)
    # The same conversations, with the rows of different ones between each other.
    turn = frame.groupby("dialogue").cumcount()
    interleaved = frame.assign(turn=turn).sort_values(["turn", "dialogue"])
    classifier = clone(fitted).fit(frame)
    expected = together(fitted.predict_proba(X))
    np.testing.assert_allclose(classifier.predict_proba(frame), expected, atol=1e-6)
    np.testing.assert_allclose(
        classifier.predict_proba(interleaved), expected[interleaved.index], atol=1e-6
    )
    assert classifier.predict(frame).shape == (len(frame),)
    assert classifier.score(frame.drop(columns="emotion"), frame["emotion"]) == 1.0
    scores = cross_val_score(
        classifier,
        frame,
        frame["emotion"],
        groups=frame["dialogue"],
        cv=GroupKFold(2),
        scoring="f1_weighted",
    )
    assert scores.shape == (2,)
    assert min(scores) > 0.5


def test_cross_validation_over_conversations(talks):
    classifier = EmotionClassifier(**TONE)
    assert not is_classifier(classifier)
    assert min(cross_val_score(classifier, *talks, cv=2)) > 0.5
    predicted = cross_val_predict(classifier, *talks, cv=2)
    assert [len(own) for own in predicted] == [*map(len, talks[1])]


def test_a_search_over_parameters(talks):
    search = GridSearchCV(
        EmotionClassifier(**TONE),
        {"epochs": [1, 4], "settings": [{"model.graph": False}]},
        cv=2,
        scoring=weighted_f1,
    )
    search.fit(*talks)
    assert search.best_estimator_.model_.config.graph is False
    assert set(search.cv_results_["param_epochs"]) == {1, 4}


def test_parameters(talks):
    classifier = EmotionClassifier(model="mlp", modalities=["tone"])
    assert clone(classifier).get_params() == classifier.get_params()
    names = inspect.signature(EmotionClassifier).parameters
    assert set(classifier.get_params()) == set(names)
    classifier.set_params(epochs=1, class_weight="balanced", dev_fraction=None).fit(*talks)
    assert classifier.model_.config.kind == "mlp"
    assert classifier.model_.card.scores is None  # nothing was held out
    with pytest.raises(ValueError, match="flavour"):
        classifier.set_params(flavour="sweet")


def test_labels_may_be_numbers_or_truths_and_missing(talks):
    X, y = talks
    for values in ((3, 7), (False, True)):
        numbers = [[values[label == "sad"] for label in own] for own in y]
        numbers[0] = [None] * len(numbers[0])
        classifier = EmotionClassifier(**TONE).fit(X, numbers)
        assert classifier.classes_.tolist() == list(values)
        assert classifier.score(X, numbers) == 1.0


def test_conversations_without_utterances_are_answered_by_nothing(fitted, talks):
    found = fitted.predict_proba([[], talks[0][0], []])
    assert [own.shape for own in found] == [(0, 2), (len(talks[1][0]), 2), (0, 2)]
    assert fitted.predict([]).shape == (0,)
    classifier = clone(fitted).fit([[], *talks[0]], [[], *talks[1]])
    assert classifier.score(*talks) == 1.0


def test_an_utterance_without_its_features_gets_an_answer(fitted):
    (found,) = fitted.predict_proba([[{"text": "Hm."}]])
    np.testing.assert_allclose(found.sum(), 1.0, atol=1e-6)


def test_unfitted_it_says_so(talks):
    for ask in ("predict", "predict_proba", "score"):
        with pytest.raises(NotFittedError):
            getattr(EmotionClassifier(), ask)(talks[0])


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"class_weight": "heavy"}, UsageError, "class_weight"),
        ({"modalities": "tone"}, UsageError, "modalities are a list"),
        ({"settings": {"graph": False}}, UsageError, 'setting "graph"'),
        ({"settings": {"model.flavour": 1}}, ConfigError, "flavour"),
        ({"model": "oracle-of-delphi"}, ConfigError, "expected one of"),
        ({"epochs": 0}, ConfigError, "epochs"),
        ({"modalities": ["smell"]}, FeatureError, 'found no "smell" features'),
    ],
)
def test_wrong_parameters_are_told(talks, changes, error, told):
    with pytest.raises(error, match=told):
        EmotionClassifier(**{**TONE, **changes}).fit(*talks)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["a", "a"], "found one class alone, 'a': expected at least two"),
        ([None, None], "found no label at all: expected at least two"),
        (["1", 1], "differ in their kind only"),
        (["a", 1], "mixed"),
        ([("a",), "b"], "a text or a number"),
    ],
)
def test_wrong_labels_are_told(labels, told):
    X = [[{"tone": [1.0]}, {"tone": [2.0]}]] * 2
    with pytest.raises(UsageError, match=told):
        EmotionClassifier(**TONE).fit(X, [labels, labels])


def test_no_labels_at_all(fitted, talks):
    with pytest.raises(UsageError, match="fit needs labels"):
        EmotionClassifier(**TONE).fit(talks[0])
    with pytest.raises(UsageError, match="no utterance has a label"):
        fitted.score(talks[0])


def test_one_conversation_needs_none_held_out(talks):
    X, y = talks[0][:1], talks[1][:1]
    with pytest.raises(UsageError, match="at least 2 are needed"):
        EmotionClassifier(**TONE).fit(X, y)
    assert EmotionClassifier(**TONE, dev_fraction=None).fit(X, y).score(X, y) > 0


def test_features_of_another_width_are_refused(fitted):
    with pytest.raises(FeatureError, match="has 2 numbers, but the classifier was trained on 3"):
        fitted.predict([[{"tone": [1.0, 2.0]}]])
    with pytest.raises(FeatureError, match="different"):
        EmotionClassifier(**TONE).fit([[{"tone": [1.0]}, {"tone": [1.0, 2.0]}]], [["a", "b"]])


def test_a_parameter_that_is_no_plain_value_cannot_be_saved(fitted, tmp_path):
    changed = pickle.loads(pickle.dumps(fitted)).set_params(settings={"model.graph": object()})
    with pytest.raises(UsageError, match="as JSON"):
        changed.save(tmp_path)


# What scikit-learn checks of estimators beside matrices of numbers. All its other checks
# hand over such a matrix, which is no conversation.
@pytest.mark.parametrize(
    "check",
    [
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_get_params_invariance",
        "check_set_params",
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_valid_tag_types",
        "check_mixin_order",
    ],
)
def test_checks_of_scikit_learn(check):
    getattr(estimator_checks, check)("EmotionClassifier", EmotionClassifier())
