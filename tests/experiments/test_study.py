"""What a study file may say, and the jobs that follow from it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emospot.errors import ConfigError
from emospot.experiments.jobs import opponent_jobs, study_hash, training_job
from emospot.experiments.jobs import test_jobs as jobs_of
from emospot.experiments.study import Job, Study, load_study, parse_study, shipped_studies


def test_every_combination_is_one_job(make_study: Callable[..., Study]) -> None:
    study = make_study()
    jobs = list(jobs_of(study, {("moods", "official"): ("",)}))
    combinations = {(j.features, j.model) for j in jobs}
    assert combinations == {
        ("tokens", "emospot"),
        ("pooled", "emospot"),
        ("pooled", "MLP"),
        ("pooled", "majority"),
        ("tokens", "emospot, no graph"),
    }
    assert len(jobs) == 2 * len(combinations)
    assert len({j.id for j in jobs}) == len({j.folder for j in jobs}) == len(jobs)


def test_only_candidates_choose_the_opponent(make_study: Callable[..., Study]) -> None:
    jobs = list(opponent_jobs(make_study(), {"moods": ("part 1", "part 2")}))
    assert {(j.model, j.features, j.fold, j.seed) for j in jobs} == {
        ("MLP", "pooled", "part 1", 0),
        ("MLP", "pooled", "part 2", 0),
    }
    assert list(opponent_jobs(make_study(choose_opponent=None), {})) == []


def test_entries_are_differences_over_the_base(make_study: Callable[..., Study]) -> None:
    study = make_study()
    assert study.config("emospot").model.width == 16
    assert not study.config("emospot, no graph").model.graph
    assert study.config("MLP").model.kind == "mlp"
    assert study.config("MLP").training.epochs == 2
    quick = make_study(models={"emospot": {"training": {"epochs": 9}}}, choose_opponent=None)
    assert quick.config("emospot").training.epochs == 9
    assert quick.config("emospot").training.batch_size == 4


def test_a_recorded_study_keeps_the_defaults_it_was_run_with(
    make_study: Callable[..., Study],
) -> None:
    study = make_study()
    recorded = {n: study.config(n).model_dump(mode="json") for n in study.entries()}
    assert {n: study.as_recorded(recorded).config(n) for n in study.entries()} == {
        n: study.config(n) for n in study.entries()
    }
    # An older version knew no dynamics and had other defaults.
    model = dict(recorded["emospot"]["model"], dropout=0.15)
    del model["dynamics"]
    training = dict(recorded["emospot"]["training"], patience=3)
    older = study.as_recorded({**recorded, "emospot": {"model": model, "training": training}})
    for name in ("emospot", "emospot, no graph"):
        config = older.config(name)
        assert (config.model.dynamics, config.model.dropout, config.training.patience) == (
            0,
            0.15,
            3,
        )
    assert not older.config("emospot, no graph").model.graph
    assert older.config("MLP") == study.config("MLP")
    # Which modalities a store has is not the study's choice.
    assert "modalities" not in older.config("emospot").model.model_fields_set


def test_what_changes_a_result_changes_its_hash(make_study: Callable[..., Study]) -> None:
    job = Job("moods", "tokens", "emospot", "official", "", 0)
    study = make_study()
    same = make_study(title="Other", seeds=4)
    assert study_hash(study, job, "data") == study_hash(same, job, "data")
    others = [
        study_hash(study, job, "other data"),
        study_hash(study, Job("moods", "tokens", "emospot", "official", "", 1), "data"),
        study_hash(study, Job("moods", "pooled", "emospot", "official", "", 0), "data"),
        study_hash(study, Job("moods", "tokens", "emospot, no graph", "official", "", 0), "data"),
        study_hash(make_study(base={}), job, "data"),
    ]
    assert len({study_hash(study, job, "data"), *others}) == 6


def test_the_order_of_the_answers_changes_the_hash(make_study: Callable[..., Study]) -> None:
    job = Job("moods", "tokens", "emospot", "two", "", 0)
    hashes = {
        study_hash(make_study(protocols={"two": {"answers": answers}}), job, "data")
        for answers in (
            {"calm": "calm", "glad": "glad"},
            {"glad": "glad", "calm": "calm"},
            {"calm": "calm", "angry": "glad"},
        )
    }
    assert len(hashes) == 3


def test_the_models_of_the_same_conversations_and_all_classes_are_asked(
    make_study: Callable[..., Study],
) -> None:
    two = {"answers": {"calm": "calm", "glad": "glad"}}
    study = make_study(
        protocols={
            "two": two | {"seeds": 1},
            "two, in folds": two | {"kind": "cross_validation"},
            "official": {"seeds": 2},
            "three seeds": two | {"seeds": 3},
        }
    )

    def trains(protocol: str, seed: int = 0) -> str:
        return training_job(study, Job("moods", "tokens", "MLP", protocol, "", seed)).protocol

    assert [trains(name) for name in study.protocols] == [
        "official", "two, in folds", "official", "official",
    ]  # fmt: skip
    assert trains("three seeds", seed=2) == "three seeds"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 3}, 'key "seed"'),
        ({"seeds": 0}, 'key "seeds"'),
        ({"primary": "nobody"}, "primary nobody is not among the models"),
        ({"ablated": None}, "ablations need ablated"),
        ({"models": {"emospot": {"features": ["smell"]}}}, "reads unknown features smell"),
        ({"models": {"emospot": {"model": {"widht": 3}}}}, 'model emospot: unknown key "model.wi'),
        ({"opponent": "nobody", "choose_opponent": None}, "opponent nobody is not among the mod"),
        ({"opponent": "emospot", "choose_opponent": None}, "opponent and primary are both emosp"),
        ({"opponent": "emospot"}, "give either opponent, or choose_opponent to find one"),
        ({"choose_opponent": {"kind": "official"}}, "must be of the kind cross_validation"),
        ({"protocols": {"one": {"answers": {"a": "x", "b": "x"}}}}, "must be two at least"),
        (
            {
                "choose_opponent": {
                    "kind": "cross_validation",
                    "answers": {"calm": "a", "glad": "b"},
                }
            },
            "choose_opponent reads no answers",
        ),
        ({"protocols": {"loso": {"kind": "leave_one_out"}}}, "leave_one_out needs groups"),
    ],
)
def test_what_is_wrong_is_named(
    make_study: Callable[..., Study], change: dict, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make_study(**change)


def test_shipped_studies_are_valid() -> None:
    assert "smoke" in shipped_studies()
    for name in shipped_studies():
        study = load_study(name)
        assert study.title
        assert study.primary in study.models


def test_files_that_are_no_studies(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no study .*absent.* one of .*smoke"):
        load_study(str(tmp_path / "absent.yaml"))
    path = tmp_path / "study.yaml"
    path.write_text("title: [unclosed")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_study(str(path))
    path.write_text("title: alone\n")
    with pytest.raises(ConfigError, match='key "corpora"'):
        load_study(str(path))
    with pytest.raises(ConfigError, match="the list"):
        parse_study([], "the list")
