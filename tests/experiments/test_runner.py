"""A study runs, stops, goes on, and runs again with the same figures."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from emospot.errors import ConfigError, CorpusError, UsageError
from emospot.experiments import job as job_module
from emospot.experiments import runner
from emospot.experiments.benchmarks import publish
from emospot.experiments.corpus_entry import CorpusEntry
from emospot.experiments.job import Result, answers_file, run_job
from emospot.experiments.results import compare_results, write_results
from emospot.experiments.results_file import read_results
from emospot.experiments.runner import Outcome, Progress, run_study
from emospot.experiments.study import Job, Study
from emospot.features.store import FeatureStore
from emospot.training.results import EpochReport

from .conftest import in_this_process


@pytest.fixture
def small(make_study: Callable[..., Study]) -> Study:
    return _small(make_study)


def _small(make_study: Callable[..., Study]) -> Study:
    return make_study(
        seeds=1, features={"pooled": {"pool": ["words"]}}, ablations={}, ablated=None
    )


def test_a_study_runs_and_goes_on(in_process: list[Job], small: Study, tmp_path: Path) -> None:
    told: list[Progress] = []
    outcome = run_study(small, tmp_path, tell=told.append)
    assert outcome.opponents == {"moods / pooled": "MLP"}
    assert len(in_process) == 2 + 3
    assert told[-1].done == told[-1].total == 3
    write_results(small, outcome, tmp_path)
    values = json.loads((tmp_path / "results.json").read_text())
    assert {run["model"] for run in values["runs"]} == {"emospot", "MLP", "majority"}
    assert values["corpora"]["moods"]["hash"]
    assert values["provenance"]["packages"]["torch"]
    assert values["configurations"]["MLP"]["model"]["kind"] == "mlp"
    # Called again, nothing is trained anew; half a line is what a kill leaves.
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    (tmp_path / "results.jsonl").write_text("\n".join([*lines[:-1], lines[-1][:50]]) + "\n")
    del in_process[:]
    again = run_study(small, tmp_path)
    assert len(in_process) == 1
    assert {r.job.id: r.answers for r in again.results} == {
        r.job.id: r.answers for r in outcome.results
    }


def test_trained_models_are_asked_about_fewer_classes_without_training_again(
    in_process: list[Job], make_study: Callable[..., Study], tmp_path: Path
) -> None:
    fewer = {"calm": "fine", "glad": "fine", "angry": "angry"}
    changes = {
        "seeds": 1, "features": {"pooled": {"pool": ["words"]}}, "ablations": {}, "ablated": None,
    }  # fmt: skip
    whole = make_study(**changes)
    run_study(whole, tmp_path)
    weights = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}
    del in_process[:]
    study = make_study(**changes, protocols={"official": {}, "two": {"answers": fewer}})
    outcome = run_study(study, tmp_path)
    assert {job.protocol for job in in_process} == {"two"}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")} == weights
    summary = write_results(study, outcome, tmp_path)
    assert summary.labels == {"moods": ("calm", "angry", "glad")}
    metrics = {f.metric for f in summary.figures if f.row.protocol == "two"}
    assert {"f1:fine", "f1:angry"} < metrics
    table = (tmp_path / "table.md").read_text()
    assert "## moods, pooled, two" in table
    assert "asked about calm or glad, angry alone" in table
    assert "| emospot | fine | angry |" in table
    docs = tmp_path / "docs"
    _, page = publish(tmp_path, docs)
    # Two choose the opponent, three are tested.
    assert "5 trainings" in page.read_text()
    study, _ = read_results(tmp_path / "results.json")
    assert study.protocols["two"].asked == ("fine", "angry")


def test_a_model_that_could_not_be_trained_is_not_asked(
    in_process: list[Job],
    make_study: Callable[..., Study],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = make_study(
        seeds=1, features={"pooled": {"pool": ["words"]}}, ablations={}, ablated=None,
        primary=None, choose_opponent=None, models={"MLP": {"model": {"kind": "mlp"}}},
        protocols={"official": {}, "two": {"answers": {"calm": "calm", "glad": "glad"}}},
    )  # fmt: skip
    tried: list[Job] = []

    def failing(self: object, jobs: list[Job]) -> object:
        tried.extend(jobs)
        return [(job, None, "out of memory") for job in jobs]

    monkeypatch.setattr(runner._Runner, "_results", failing)
    outcome = run_study(study, tmp_path)
    assert [job.protocol for job in tried] == ["official"]
    assert set(outcome.failed.values()) == {"out of memory"}
    assert len(outcome.failed) == 2


def test_classes_that_a_corpus_has_not_got_are_told_before_training(
    in_process: list[Job], make_study: Callable[..., Study], tmp_path: Path
) -> None:
    study = make_study(protocols={"two": {"answers": {"calm": "calm", "bored": "bored"}}})
    with pytest.raises(ConfigError, match="asks about bored, but the classes of moods are calm"):
        run_study(study, tmp_path)
    assert in_process == []


def test_repeating_gives_the_same_figures_and_says_what_differs(
    in_process: list[Job], small: Study, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        write_results(small, run_study(small, tmp_path / name), tmp_path / name)
    (_, one), (study, two) = (
        read_results(tmp_path / name / "results.json") for name in ("one", "two")
    )
    assert all(study.config(name) == small.config(name) for name in small.entries())
    repetition = compare_results(one, two)
    assert repetition.identical
    assert len(repetition.same) == 5
    two["runs"][0]["scores"]["accuracy"] += 0.25
    del two["runs"][1]
    two["corpora"]["moods"]["hash"] = "another"
    two["provenance"]["packages"]["torch"] = "9"
    repetition = compare_results(one, two)
    assert not repetition.identical
    ((metrics),) = repetition.different.values()
    assert set(metrics) == {"accuracy"}
    assert len(repetition.missing) == 1
    assert repetition.data_changed == ("moods",)
    assert repetition.versions_changed["torch"][1] == "9"


def test_test_labels_change_no_weight(
    make_study: Callable[..., Study], make_store: Callable[..., FeatureStore], tmp_path: Path
) -> None:
    job = Job("moods", "tokens", "emospot", "official", "", 0)
    values = make_study().model_dump(mode="json")
    found = []
    for name, shuffled in (("as they are", 0), ("shuffled", 700)):
        store = make_store(test_labels=shuffled)
        out = tmp_path / name
        result = run_job(values, job, {"moods": str(store.path)}, str(out))
        weights = load_file(out / "runs" / job.folder / "seed-0" / "model" / "model.safetensors")
        found.append((result, weights))
    (one, weights), (two, others) = found
    assert all(np.array_equal(weights[name], others[name]) for name in weights)
    assert one.dev == two.dev
    assert one.scores != two.scores


def test_worker_processes_and_a_failing_job(
    make_study: Callable[..., Study], tmp_path: Path
) -> None:
    study = make_study(
        seeds=1,
        features={"tokens": {}, "broken": {"modalities": ["face"]}},
        models={"majority": {"model": {"kind": "majority"}}},
        ablations={}, ablated=None, primary=None, choose_opponent=None,
    )  # fmt: skip
    outcome = run_study(study, tmp_path, workers=2)
    assert [r.job.features for r in outcome.results] == ["tokens"]
    ((job, error),) = outcome.failed.items()
    assert "broken" in job
    assert 'no features "face"' in error


def test_wrong_folders_and_corpora(
    in_process: list[Job], small: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "study.json").write_text('{"title": "Another"}')
    with pytest.raises(UsageError, match="holds another study"):
        run_study(small, tmp_path)
    monkeypatch.setenv("EMOSPOT_DATA", str(tmp_path / "data"))
    study = small.model_copy(update={"corpora": {"mine": CorpusEntry(source="gone.csv")}})
    with pytest.raises(ConfigError, match="corpus mine: .*gone.csv is not there"):
        run_study(study, tmp_path / "new")
    assert in_process == []
    # A damaged description is written anew.
    (tmp_path / "study.json").write_text('{"tit')
    assert len(run_study(small, tmp_path).results) == 5


def test_an_import_is_told(
    in_process: list[Job], small: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"d{d},{u},{'AB'[u % 2]},{'calm' if u % 2 else 'angry'},{u % 2}" for d in range(8)
            for u in range(6)]  # fmt: skip
    split = [row + (",train" if row < "d6" else ",test") for row in rows]
    (tmp_path / "mine.csv").write_text(
        "\n".join(["dialogue,utterance,speaker,emotion,pitch,split", *split])
    )
    monkeypatch.setenv("EMOSPOT_DATA", str(tmp_path))
    entry = CorpusEntry(
        source="mine.csv", labels=("calm", "angry"), features={"voice": "pitch"}, voice="basic"
    )
    with pytest.raises(CorpusError, match="corpus mine: voice is to come from column pitch and"):
        run_study(small.model_copy(update={"corpora": {"mine": entry}}), tmp_path / "wrong")
    assert in_process == []


def _damage_answers(out: Path, result: Result) -> None:
    path = answers_file(out, result.job)
    values = json.loads(path.read_text())
    values["predicted"][0][0] = (values["predicted"][0][0] + 1) % 3
    path.write_text(json.dumps(values))


def _cut_answers(out: Path, result: Result) -> None:
    answers_file(out, result.job).write_text('{"task": {"name": "emo')


def _other_answers(out: Path, result: Result) -> None:
    answers_file(out, result.job).write_text('{"task": {"name": "emotion", "sort": 1}}')


def _change_line(out: Path, result: Result, change: Callable[[dict], None]) -> None:
    path = out / "results.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["hash"] == result.hash:
            change(line)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def _newer_line(out: Path, result: Result) -> None:
    _change_line(out, result, lambda line: line.update(version=2))


def _older_line(out: Path, result: Result) -> None:
    _change_line(out, result, lambda line: line.pop("epochs_run"))


def _binary_line(out: Path, result: Result) -> None:
    path = out / "results.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    broken = [b"\xff\x00\n" if result.hash.encode() in line else line for line in lines]
    path.write_bytes(b"".join(broken))


def _no_list(out: Path, result: Result) -> None:
    path = out / "results.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join("[]" if result.hash in line else line for line in lines))


@pytest.mark.parametrize(
    "damage",
    [_damage_answers, _cut_answers, _other_answers, _newer_line, _older_line, _binary_line,
     _no_list],
)  # fmt: skip
def test_what_is_damaged_or_of_another_version_runs_again(
    in_process: list[Job],
    finished: tuple[Path, Outcome],
    small: Study,
    tmp_path: Path,
    damage: Callable[[Path, Result], None],
) -> None:
    folder, outcome = finished
    out = tmp_path / "out"
    shutil.copytree(folder, out)
    damage(out, outcome.results[0])
    again = run_study(small, out)
    assert [job.id for job in in_process] == [outcome.results[0].job.id]
    assert _answers(again) == _answers(outcome)
    # And the next call finds everything in order.
    run_study(small, out)
    assert len(in_process) == 1


@pytest.fixture(scope="module")
def finished(
    make_study: Callable[..., Study], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Outcome]:
    """A small study that has run."""
    out = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner._Runner, "_results", in_this_process([]))
        return out, run_study(_small(make_study), out)


def _answers(outcome: Outcome) -> dict[str, tuple[str, object]]:
    return {r.job.id: (r.answers, r.scores) for r in outcome.results}


def test_other_settings_begin_anew(
    in_process: list[Job],
    finished: tuple[Path, Outcome],
    make_study: Callable[..., Study],
    small: Study,
    tmp_path: Path,
) -> None:
    folder, outcome = finished
    out = tmp_path / "out"
    shutil.copytree(folder, out)
    models = small.model_dump(mode="json")["models"]
    models["MLP"]["training"] = {"epochs": 3}
    changed = make_study(**{**small.model_dump(mode="json"), "models": models})
    longer = {r.job.id: r for r in run_study(changed, out).results}
    assert {job.model for job in in_process} == {"MLP"}
    mlp = Job("moods", "pooled", "MLP", "official", "", 0)
    assert longer[mlp.id].epochs_run == 3
    # Back again: the line is there, but the answers are those of the other settings.
    del in_process[:]
    back = run_study(small, out)
    assert {job.model for job in in_process} <= {"MLP"}
    assert _answers(back) == _answers(outcome)


class StoppedError(Exception):
    """What ends a training in the middle."""


def test_a_study_stopped_within_a_job_ends_as_an_uninterrupted_one(
    in_process: list[Job],
    finished: tuple[Path, Outcome],
    small: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, outcome = finished
    train = job_module.train
    reports: list[int] = []

    def stopped(*args: object, **options: object) -> object:
        def on_epoch(report: EpochReport) -> None:
            reports.append(report.epoch)
            if len(reports) == 6:
                raise StoppedError

        return train(*args, **options, on_epoch=on_epoch)

    monkeypatch.setattr(job_module, "train", stopped)
    with pytest.raises(StoppedError):
        run_study(small, tmp_path)
    (unfinished,) = tmp_path.glob("runs/*/seed-*/last.ckpt")
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert 0 < len(lines) < len(outcome.results)
    del reports[:], in_process[:]
    monkeypatch.setattr(job_module, "train", train)
    again = run_study(small, tmp_path)
    assert len(in_process) == len(outcome.results) - len(lines)
    assert _answers(again) == _answers(outcome)
    assert again.opponents == outcome.opponents
    assert not unfinished.exists()
    for one, other in zip(again.results, outcome.results, strict=True):
        assert one.history == other.history


def test_after_half_a_line_a_new_one_begins(
    in_process: list[Job], finished: tuple[Path, Outcome], small: Study, tmp_path: Path
) -> None:
    folder, _ = finished
    out = tmp_path / "out"
    shutil.copytree(folder, out)
    path = out / "results.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    run_study(small, out)
    assert len(in_process) == 1
    assert path.read_bytes().startswith(whole[:-40] + b"\n{")
    run_study(small, out)
    assert len(in_process) == 1


def test_damaged_results(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with pytest.raises(ConfigError, match="cannot read"):
        read_results(path)
    path.write_text("{")
    with pytest.raises(ConfigError, match="not valid JSON"):
        read_results(path)
    path.write_text("{}")
    with pytest.raises(ConfigError, match="format version None"):
        read_results(path)


def test_an_outcome_can_be_empty(small: Study, tmp_path: Path, store: FeatureStore) -> None:
    outcome = Outcome((), {}, {"moods": store.path}, {"some job": "why"})
    summary = write_results(small, replace(outcome), tmp_path)
    assert summary.figures == ()
    assert json.loads((tmp_path / "results.json").read_text())["failed"] == {"some job": "why"}
