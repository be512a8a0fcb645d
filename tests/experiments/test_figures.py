"""What a study asks besides: disturbances, the inside of models, and its figures."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emospot.batch import Example
from emospot.corpora.planted import as_conversation, true_styles
from emospot.errors import ConfigError
from emospot.experiments.benchmarks import publish
from emospot.experiments.drawing import ticks
from emospot.experiments.figures import Point, StudyFigure, study_figures
from emospot.experiments.figures_page import figures_page
from emospot.experiments.inside import lags_found
from emospot.experiments.job import Result
from emospot.experiments.jobs import study_hash, training_hash
from emospot.experiments.known_runs import known_runs, taken_over
from emospot.experiments.known_truth import way_of
from emospot.experiments.results import compare_results, write_results
from emospot.experiments.runner import Outcome, run_study
from emospot.experiments.stores import planted_entry
from emospot.experiments.study import Job, Study, parse_study
from emospot.features.store import FeatureStore

from .conftest import in_this_process
from .test_known_truth import MODEL, TRAINING, WORLD

MODALITIES = ("words", "voice", "face")
READS = {
    "memory_reads": "moment", "second_reading": True, "lag_start": 2.0, "speaker_lags": True,
}  # fmt: skip


def _study(**changes: object) -> Study:
    def corpus(**dials: object) -> dict[str, object]:
        dials = {**WORLD["dials"], **dials}  # type: ignore[dict-item]
        return {
            "kind": "planted", "world": {**WORLD, "dials": dials},
            "marks": dict.fromkeys(MODALITIES, "corpus"),
        }  # fmt: skip

    models = ["emospot", "plain"]
    values = {
        "title": "asked <besides>",
        "seeds": 2,
        "metric": "accuracy",
        "corpora": {"weak": corpus(strength=1.0), "strong": corpus(strength=3.0)},
        "base": {"training": TRAINING},
        "models": {
            "emospot": {"model": {**MODEL, **READS}},
            "plain": {"model": {**MODEL, "aligners": "cross_attention", "fusion": "global"}},
        },
        "disturbances": {"noise": [0.5, 2.0], "missing": [0.5], "without": True},
        "inside": True,
        "contrasts": {"parts": {"emospot": 1.0, "plain": -1.0}},
        "figures": [
            {"title": "Strength", "over": "corpora", "x": "strength", "metric": "way",
             "places": {"weak": 1.0, "strong": 3.0}, "lines": models, "caption": "It rises."},
            {"title": "Time", "over": "models", "x": "model", "metric": "seconds",
             "places": models, "lines": ["weak", "strong"]},
            {"title": "Noise", "over": "noise", "x": "noise", "lines": models},
            {"title": "Without", "over": "without", "x": "withheld", "lines": models},
            {"title": "Each", "over": "classes", "x": "emotion", "lines": models,
             "corpus": "strong"},
            {"title": "Length", "over": "lengths", "x": "utterances", "lines": models},
            {"title": "Gates", "over": "gates", "x": "gate", "lines": models},
            {"title": "Use", "over": "epochs", "x": "epoch", "lines": models,
             "metric": "use_entropy"},
            {"title": "Entropy", "over": "models", "x": "model", "places": models,
             "lines": ["weak"], "metric": "inside:use entropy"},
        ],
    }  # fmt: skip
    return parse_study({**values, **changes}, "test")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Outcome, Path]:
    study, out = _study(), tmp_path_factory.mktemp("figures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emospot.experiments.runner._Runner._results", in_this_process([]))
        outcome = run_study(study, out)
    assert outcome.failed == {}
    write_results(study, outcome, out)
    return study, outcome, out


def test_models_are_asked_about_worse_conversations(run: tuple[Study, Outcome, Path]) -> None:
    _, outcome, out = run
    names = ["noise 0.5", "noise 2", "missing 0.5", *(f"without {m}" for m in MODALITIES)]
    for result in outcome.results:
        asked = [n for n in result.scores if n.startswith("disturbed:")]
        assert asked == [f"disturbed:{name}" for name in names]
    values = json.loads((out / "results.json").read_text())
    mean = {(f["corpus"], f["model"], f["metric"]): f["mean"] for f in values["summary"]}
    own = [r.scores["disturbed:noise 2"] for r in outcome.results if r.job.model == "plain"]
    both = [mean[c, "plain", "disturbed:noise 2"] for c in ("weak", "strong")]
    assert np.mean(both) == pytest.approx(np.mean(own), abs=1e-4)
    table = (out / "table.md").read_text()
    assert "| on worse test conversations | noise 0.5 | noise 2 |" in table
    assert compare_results(values, values).identical


def test_the_inside_of_models_is_told(run: tuple[Study, Outcome, Path]) -> None:
    _, outcome, out = run
    for result in outcome.results:
        inside = {n for n in result.scores if n.startswith("inside:")}
        if result.job.model == "plain":
            # No gates and no aligners.
            assert inside == set()
            continue
        shares = [
            value
            for name, value in result.scores.items()
            if name.startswith("inside:gate 0.") and name.endswith(" words")
        ]
        assert len(shares) == 10
        assert sum(shares) == pytest.approx(1.0)
        assert 0 < result.scores["inside:least use entropy"] <= 1
        assert result.scores["inside:least use entropy"] <= result.scores["inside:use entropy"]
        assert "inside:bits of the style" in inside
        assert {"inside:bits of the emotion", "inside:bits of the speaker"} <= inside
        assert -1 <= result.scores["inside:gate and marks, face"] <= 1
        assert -1 < result.scores["inside:lags found above chance"] < 1
        assert 0 < result.history[-1]["use_entropy"] <= 1
        assert result.history[0]["balance"] >= 0
    table = (out / "table.md").read_text()
    assert "| inside the model | gate mean, words |" in table
    assert "0.0 to 0.1" not in table


def test_who_knows_all_lags_finds_them() -> None:
    source = planted_entry(_study().corpora["weak"])
    world, styles = source.planted, true_styles(source, {"test"})
    dialogues = list(source.drawn("test"))
    conversations = [as_conversation(world, d, "test") for d in dialogues]
    examples = [Example(c.conversation, c.tokens) for c in conversations]
    found: dict[tuple[str, str], dict[tuple[str, int], int]] = {}
    for source_place, target_place in ((0, 1), (0, 2), (1, 2)):
        pair = MODALITIES[source_place], MODALITIES[target_place]
        found[pair] = {}
        for dialogue, example in zip(dialogues, examples, strict=True):
            for u, speaker in enumerate(dialogue.speakers):
                lag = world.lags[dialogue.styles[speaker]]
                # A token is as long as a step. Only the last turn of a speaker counts.
                known = u == max(np.flatnonzero(dialogue.speakers == speaker))
                steps = lag[target_place] - lag[source_place] if known else 99
                found[pair][example.conversation.id, u] = int(steps)
    assert lags_found(found, examples, world, styles) == 1.0
    # One guess for all speakers is chance, whichever is best.
    guessed = []
    for pair, (j, k) in zip(found, ((0, 1), (0, 2), (1, 2)), strict=True):
        true = (world.lags[:, k] - world.lags[:, j])[
            [d.styles[s] for d in dialogues for s in sorted(set(d.speakers.tolist()))]
        ]
        best = max(range(-4, 5), key=lambda guess, t=true: (abs(t - guess) <= 1).mean())
        found[pair] = dict.fromkeys(found[pair], best)
        guessed.append((abs(true - best) <= 1).mean())
    assert lags_found(found, examples, world, styles) == pytest.approx(0.0, abs=1e-9)
    found = {pair: dict.fromkeys(own, 50) for pair, own in found.items()}
    chance = np.mean(guessed)
    assert lags_found(found, examples, world, styles) == pytest.approx(-chance / (1 - chance))


def test_figures_have_a_point_for_every_place(run: tuple[Study, Outcome, Path]) -> None:
    study, outcome, out = run
    values = json.loads((out / "results.json").read_text())
    figures = {figure["title"]: figure for figure in values["figures"]}

    def places(title: str, line: str) -> list[str]:
        return [p["place"] for p in figures[title]["points"] if p["line"] == line]

    assert places("Strength", "emospot") == ["weak", "strong"]
    assert [p["x"] for p in figures["Strength"]["points"]] == [1.0, 3.0, 1.0, 3.0]
    assert places("Time", "strong") == ["emospot", "plain"]
    assert places("Noise", "plain") == ["0", "0.5", "2"]
    assert places("Without", "plain") == ["as they are", *MODALITIES]
    assert places("Each", "emospot") == [f"emotion {n}" for n in range(1, 7)]
    assert len(places("Length", "emospot")) >= 2
    assert len(places("Gates", "emospot, face")) == 10
    assert places("Gates", "plain, face") == []
    assert places("Use", "emospot") == ["1", "2"]
    assert places("Entropy", "weak") == ["emospot"]
    # The figures are those of the runs.
    point = next(p for p in figures["Noise"]["points"] if p["place"] == "2")
    own = [
        r.scores["disturbed:noise 2"]
        for r in outcome.results
        if (r.job.corpus, r.job.model) == ("weak", "emospot")
    ]
    assert point["seeds"] == pytest.approx(own, abs=1e-5)
    assert point["mean"] == pytest.approx(np.mean(own), abs=1e-5)
    assert point["low"] <= point["mean"] <= point["high"]
    # All quarters of the dialogues together hold all answers.
    page = (out / "figures.html").read_text()
    assert page.count("<figure>") == len(study.figures)
    assert "asked &lt;besides&gt;" in page
    assert "It rises." in page
    heights = [float(y) for y in re.findall(r'cy="([-\d.]+)"', page)]
    assert heights
    assert all(0 <= y <= 330 for y in heights)


def test_contrasts_and_figures_are_published(
    run: tuple[Study, Outcome, Path], tmp_path: Path
) -> None:
    _, outcome, out = run
    values = json.loads((out / "results.json").read_text())
    contrast = values["contrasts"][0]
    assert (contrast["name"], contrast["corpus"], contrast["seeds"]) == ("parts", "weak", 2)
    weak = [r for r in outcome.results if r.job.corpus == "weak"]
    scores = {(r.job.model, r.job.seed): r.scores["accuracy"] for r in weak}
    own = [scores["emospot", seed] - scores["plain", seed] for seed in (0, 1)]
    assert contrast["mean"] == pytest.approx(np.mean(own), abs=1e-4)
    assert "## Contrasts" in (out / "table.md").read_text()
    study = tmp_path / "mine"
    study.mkdir()
    for name in ("results.json", "figures.html"):
        (study / name).write_bytes((out / name).read_bytes())
    _, page = publish(study, tmp_path / "docs")
    text = page.read_text()
    assert "\n## Contrasts" in text
    assert "[mine-figures.html](../results/mine-figures.html)" in text
    published = tmp_path / "docs" / "results" / "mine-figures.html"
    assert published.read_bytes() == (out / "figures.html").read_bytes()


def test_folds_of_a_seed_are_one_value() -> None:
    folds = {"protocols": {"mine": {"kind": "leave_one_out", "groups": r"\d"}}, "contrasts": {}}
    study = _study(**folds)
    results = [
        Result(Job("weak", "all", "emospot", "mine", fold, seed), "", "", None,
               {"accuracy": value}, 0, 1, 1, 1.0, (), "")
        for seed, fold, value in [(0, "a", 0.2), (0, "b", 0.4), (1, "a", 0.6), (1, "b", 0.6)]
    ]  # fmt: skip
    entry = {"title": "t", "over": "corpora", "x": "x", "places": ["weak"], "lines": ["emospot"]}
    study = _study(**folds, figures=[entry])
    (figure,) = study_figures(study, results, Path(), {})
    (point,) = figure.points
    assert point.seeds == pytest.approx((0.3, 0.6))
    assert point.x is None
    assert way_of({"accuracy": 1.0}, ()) is None


def test_what_is_asked_besides_trains_nothing_anew() -> None:
    study = _study()
    job = Job("weak", "all", "emospot", "official", "", 0)
    plain = study.model_copy(update={"inside": False, "disturbances": type(study.disturbances)()})
    assert study_hash(plain, job, "data") == training_hash(plain, job, "data")
    assert training_hash(study, job, "data") == training_hash(plain, job, "data")
    other = plain.model_copy(update={"inside": True})
    keys = {study_hash(s, job, "data") for s in (study, plain, other)}
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"over": "corpora", "places": {"strange": 1}}, "strange is not in the study"),
        ({"over": "corpora", "places": {"weak": 1}, "lines": ["nobody"]}, "nobody is not in"),
        ({"over": "models", "places": ["emospot"], "lines": ["emospot"]}, "lines emospot is not"),
        ({"over": "noise", "corpus": "strange"}, "corpus strange is not"),
        ({"over": "corpora"}, "needs places"),
        ({"over": "noise", "places": {"0.5": 1}}, "leave them out"),
        (
            {"over": "models", "places": ["plain"], "lines": ["weak"], "corpus": "weak"},
            "no single",
        ),
        ({"over": "classes", "metric": "accuracy"}, "leave metric out"),
        ({"over": "epochs"}, "needs metric"),
        ({"over": "epochs", "metric": "losses"}, "not losses"),
        ({"over": "noise", "lines": []}, "lines"),
    ],
)
def test_figures_that_cannot_be_drawn_are_refused(change: dict[str, object], message: str) -> None:
    entry = {"title": "wrong", "x": "x", "lines": ["emospot"], **change}
    with pytest.raises(ConfigError, match=message):
        _study(figures=[entry])


@pytest.mark.parametrize(
    "entry",
    [{"over": "noise"}, {"over": "without"}, {"over": "gates"},
     {"over": "models", "places": ["plain"], "lines": ["weak"], "metric": "inside:use entropy"}],
)  # fmt: skip
def test_figures_show_only_what_is_asked_for(entry: dict[str, object]) -> None:
    figure = {"title": "wrong", "x": "x", "lines": ["emospot"], **entry}
    with pytest.raises(ConfigError, match="needs (disturbances|inside)"):
        _study(figures=[figure], inside=False, disturbances={})


def test_known_runs_are_those_that_were_asked_as_much(
    run: tuple[Study, Outcome, Path], tmp_path: Path
) -> None:
    _, outcome, out = run
    known = known_runs([out / "results.json"])
    store = FeatureStore.open(outcome.stores["weak"])
    job = Job("weak", "all", "emospot", "official", "", 0)
    own = known[training_hash(_study(), job, store.content_hash)]
    plain = {"inside": False, "disturbances": {}, "figures": []}
    for asked, scores in (
        (plain, 0),
        ({**plain, "disturbances": {"noise": [2.0]}}, 1),
        ({**plain, "disturbances": {"without": True}}, 3),
    ):
        taken = taken_over(_study(**asked), job, store, own)
        assert taken is not None
        assert sum(":" in n and not n.startswith("f1") for n in taken[0].scores) == scores
    for more in ({"noise": [3.0]}, {"missing": [0.1]}):
        asked = {**plain, "disturbances": more}
        assert taken_over(_study(**asked), job, store, own) is None
    whole = taken_over(_study(figures=[]), job, store, own)
    assert whole is not None
    assert "inside:use entropy" in whole[0].scores
    assert "disturbed:missing 0.5" in whole[0].scores


def test_axes_end_at_round_numbers() -> None:
    assert ticks(0.0, 0.0) == pytest.approx((0.0, 2e-7, 2e-7), abs=1e-6)
    low, high, step = ticks(81.3, 94.2)
    assert (low, high, step) == (80.0, 96.0, 2.0)
    low, high, step = ticks(-0.031, 0.2)
    assert low <= -0.031
    assert high >= 0.2
    assert (high - low) / step == pytest.approx(round((high - low) / step))


def test_a_figure_of_one_seed_says_so() -> None:
    point = Point("line", "place", None, 0.5, 0.5, 0.5, (0.5,))
    figure = StudyFigure("One", "x", "accuracy", "Seen.", (point,))
    page = figures_page("study", [figure, replace(figure, title="None", points=())])
    assert "One seed: there is no interval." in page
    assert "None" not in page
    assert page.count("<circle") == 1


def test_a_name_wider_than_its_place_stands_in_two_lines() -> None:
    names = ("emospot", "no edges across modalities", "no edges in time", "no edges", "average")
    points = tuple(Point("test", name, None, 0.5, 0.4, 0.6, (0.5,)) for name in names)
    page = figures_page("", [StudyFigure("Edges", "edges", "weighted_f1", "", points)])
    told = re.findall(r'<text class="tick" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]+)<', page)
    where = {text: (float(x), float(y)) for x, y, text in told}
    assert {"emospot", "no edges in time", "no edges", "average"} <= set(where)
    first, second = where["no edges across"], where["modalities"]
    assert first[0] == second[0]
    assert first[1] < second[1]
