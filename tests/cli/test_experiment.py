"""`emospot experiment` from the command line to the files of a study."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from emospot.experiments import runner
from emospot.experiments.job import run_job
from emospot.experiments.study import load_study, shipped_studies

ROWS = 6
STUDY = {
    "title": "Two moods",
    "seeds": 2,
    "corpora": {
        "mine": {
            "source": "mine.csv",
            "labels": ["calm", "angry"],
            "features": {"voice": "pitch"},
            "words": "none",
        }
    },
    "base": {"training": {"epochs": 2, "warmup_epochs": 0}},
    "models": {
        "MLP": {"model": {"kind": "mlp", "width": 8}},
        "majority": {"model": {"kind": "majority"}},
    },
    "primary": "MLP",
}


@pytest.fixture(autouse=True)
def in_process(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Jobs run in this process; the list says which did. One named "broken" fails."""
    ran: list[str] = []

    def results(self, jobs):
        for job in jobs:
            ran.append(job.model)
            if job.model == "broken":
                yield job, None, "ValueError: broken"
            else:
                values = self.study.model_dump(mode="json")
                yield job, run_job(values, job, self.stores, str(self.out)), ""

    monkeypatch.setattr(runner._Runner, "_results", results)
    return ran


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a study over a small table, which lies in the folder of data."""
    lines = ["dialogue,utterance,speaker,emotion,split,pitch"]
    for dialogue in range(8):
        for turn in range(ROWS):
            label = "angry" if (dialogue + turn) % 3 else "calm"
            pitch = f'"[{dialogue + turn}.0, {(-1) ** turn * turn / 7}]"'
            split = "train" if dialogue < 6 else "test"
            lines.append(f"d{dialogue},{turn},{'AB'[turn % 2]},{label},{split},{pitch}")
    (tmp_path / "mine.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("EMOSPOT_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def write(**changes: object) -> Path:
        path = tmp_path / "moods.yaml"
        path.write_text(yaml.safe_dump(STUDY | changes))
        return path

    return write


def test_help_is_complete(emospot) -> None:
    ran = emospot("experiment", "--help")
    said = " ".join(ran.out.split())
    assert ran.status == 0
    assert "Example: emospot experiment smoke --out OUT" in said
    assert "Example: emospot experiment repeat OUT/results.json" in said
    assert all(option in said for option in ("--out", "--workers", "--seeds", "--json"))
    assert "EMOSPOT_DATA" in said


def test_without_a_study_the_shipped_ones_are_listed(emospot) -> None:
    ran = emospot("experiment")
    lines = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert lines == {name: load_study(name).title for name in shipped_studies()}
    assert json.loads(emospot("experiment", "--json").out) == lines


def test_a_study_runs_goes_on_and_repeats(
    emospot, study: Callable[..., Path], tmp_path: Path, in_process: list[str]
) -> None:
    out = tmp_path / "out"
    ran = emospot("experiment", study(), "--out", out, "--seeds", 1)
    assert ran.status == 0, ran.err
    assert ran.out.startswith("# Two moods")
    assert "| MLP | 1 |" in ran.out
    assert f"written: {out}/results.json" in ran.err
    assert sorted(in_process) == ["MLP", "majority"]
    for name in ("results.json", "table.md", "curves.html", "results.jsonl", "study.json"):
        assert (out / name).stat().st_size > 0
    # Called again with another seed, only that is run.
    del in_process[:]
    ran = emospot("experiment", study(), "--out", out, "--json")
    assert ran.status == 0
    assert ran.err == ""
    values = json.loads(ran.out)
    assert values == json.loads((out / "results.json").read_text())
    assert len(values["runs"]) == 4
    assert sorted(in_process) == ["MLP", "majority"]

    del in_process[:]
    ran = emospot("experiment", "repeat", out / "results.json")
    assert ran.status == 0, ran.err
    assert f"4 of 4 runs gave exactly the figures of {out / 'results.json'}" in ran.out
    assert len(in_process) == 4
    assert (out / "repeated" / "results.json").is_file()
    # A repetition that is done is not passed off as a new one.
    ran = emospot("experiment", "repeat", out / "results.json")
    assert (ran.status, len(in_process)) == (2, 4)
    assert "holds a study that has run: choose another --out" in ran.error_lines[0]


def test_a_repetition_with_other_figures_is_an_error(
    emospot, study: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    emospot("experiment", study(), "--out", out, "--seeds", 1)
    values = json.loads((out / "results.json").read_text())
    values["runs"][0]["scores"]["accuracy"] = 0.125
    values["runs"].append({**values["runs"][0], "seed": 9})
    values["corpora"]["mine"]["hash"] = "another"
    values["provenance"]["packages"]["torch"] = "0.1"
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(values))
    ran = emospot("experiment", "repeat", path, "--out", tmp_path / "again")
    assert ran.status == 1
    assert ran.error_lines == [f"emospot: the figures are not those of {path}"]
    assert "1 of 3 runs gave exactly" in ran.out
    assert "accuracy was 0.125000, is " in ran.out
    assert "seed 9: did not finish" in ran.out
    assert "warning: the data of mine are not what they were" in ran.err
    assert "warning: torch was 0.1, is " in ran.err
    ran = emospot("experiment", "repeat", path, "--out", tmp_path / "more", "--json")
    assert ran.status == 1
    repetition = json.loads(ran.out)
    assert repetition["data_changed"] == ["mine"]
    assert len(repetition["missing"]) == len(repetition["different"]) == 1


def test_results_are_published_and_repeated_from_there(
    emospot, study: Callable[..., Path], tmp_path: Path
) -> None:
    out, docs = tmp_path / "two", tmp_path / "docs"
    emospot("experiment", study(), "--out", out, "--seeds", 1)
    emospot("experiment", study(title="One mood"), "--out", tmp_path / "one", "--seeds", 1)
    for folder in (out, tmp_path / "one"):
        ran = emospot("experiment", "publish", folder, "--docs", docs)
        assert ran.status == 0, ran.err
        assert f"written: {docs / 'benchmarks' / folder.name}.md" in ran.err
    index = (docs / "benchmarks.md").read_text()
    assert index.index("| [one](benchmarks/one.md) | One mood |") < index.index("| Two moods |")
    # All that the table of the study says stands on its page.
    page = (docs / "benchmarks" / "two.md").read_text()
    assert all(line in page for line in (out / "table.md").read_text().splitlines())
    assert "`emospot experiment two`: 2 trainings" in page
    published = docs / "results" / "two.json"
    assert json.loads(published.read_text()) == json.loads((out / "results.json").read_text())
    ran = emospot("experiment", "repeat", published, "--out", tmp_path / "again")
    assert "2 of 2 runs gave exactly the figures" in ran.out


def test_what_cannot_be_published_is_said(
    emospot, study: Callable[..., Path], tmp_path: Path
) -> None:
    ran = emospot("experiment", "publish")
    assert (ran.status, len(ran.error_lines)) == (2, 1)
    assert "give the folder of a study" in ran.error_lines[0]
    ran = emospot("experiment", "publish", tmp_path / "nothing")
    assert "nothing/results.json: No such file" in ran.error_lines[0]
    broken = {"models": {**STUDY["models"], "broken": {"model": {"kind": "mlp"}}}}
    emospot("experiment", study(**broken), "--out", tmp_path / "out", "--seeds", 1)
    ran = emospot("experiment", "publish", tmp_path / "out", "--docs", tmp_path)
    assert "1 runs of" in ran.error_lines[0]
    assert not (tmp_path / "benchmarks.md").exists()


def test_failed_runs_are_told_and_tried_again(
    emospot, study: Callable[..., Path], tmp_path: Path, in_process: list[str]
) -> None:
    models = {**STUDY["models"], "broken": {"model": {"kind": "mlp"}}}
    path, out = study(models=models), tmp_path / "out"
    ran = emospot("experiment", path, "--out", out, "--seeds", 1)
    assert ran.status == 1
    assert "failed: mine / all / broken / official / seed 0: ValueError: broken" in ran.err
    (line,) = ran.error_lines
    assert line.startswith("emospot: 1 of 3 runs failed; the others are kept")
    assert "| MLP | 1 |" in ran.out, "what did run is shown"
    del in_process[:]
    assert emospot("experiment", path, "--out", out, "--seeds", 1).status == 1
    assert in_process == ["broken"]
    # A repetition that failed may be gone on with.
    for _ in range(2):
        ran = emospot("experiment", "repeat", out / "results.json")
        assert "1 of 3 runs failed" in ran.error_lines[0]


def test_notices_of_an_import_are_warnings(
    emospot, study: Callable[..., Path], tmp_path: Path
) -> None:
    corpus = {**STUDY["corpora"]["mine"], "words": "minilm-l6"}
    ran = emospot("experiment", study(corpora={"mine": corpus}), "--out", tmp_path / "out")
    assert ran.status == 0
    assert "warning: corpus mine: no words: the table has no texts" in ran.err


def test_the_folder_has_the_name_of_the_study(
    emospot, study: Callable[..., Path], tmp_path: Path
) -> None:
    models = {"majority": STUDY["models"]["majority"]}
    assert emospot("experiment", study(models=models, primary=None)).status == 0
    assert (tmp_path / "moods" / "results.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("nowhere",), 2, "no study nowhere: give a YAML file or one of ablations"),
        (("repeat",), 2, "repeat what? give a results.json"),
        (("repeat", "none.json"), 2, "cannot read none.json"),
        (("smoke", "results.json"), 2, 'unexpected "results.json": one study a call'),
        (("moods.yaml", "--out", "other"), 2, "other holds another study: choose another --out"),
        (("gone.yaml",), 2, "corpus mine: gone.csv is not there"),
        (("metric.yaml",), 2, 'metric.yaml: metric "mae" does not exist for the task "emotion"'),
        (("kind.yaml",), 2, 'kind.yaml: key "corpora.mine": there is no kind "ra'),
    ],
)
def test_what_is_wrong_is_one_line(
    emospot, study: Callable[..., Path], tmp_path: Path, arguments, status, message
) -> None:
    study()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "study.json").write_text('{"title": "Another"}')
    mine = STUDY["corpora"]["mine"]
    for name, change in {
        "gone": {"corpora": {"mine": {**mine, "source": "gone.csv"}}},
        "metric": {"metric": "mae"},
        "kind": {"corpora": {"mine": {"kind": "radio", "source": "mine.csv"}}},
    }.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(STUDY | change))
    ran = emospot("experiment", *arguments)
    assert ran.status == status
    (line,) = ran.error_lines
    assert message in line.replace(f"{tmp_path}/", "")
