import csv
import json
import shutil
from pathlib import Path

import pytest

HEAD = ["dialogue", "utterance", "speaker", "emotion", "split", "vec", "other"]
SMALL = (
    "--set",
    "model.modalities=[voice]",
    "--set",
    "training.epochs=2",
    "--set",
    "model.width=16",
    "--set",
    "model.heads=2",
)


@pytest.fixture(scope="module")
def stores(tmp_path_factory) -> Path:
    """Two stores of the same dialogues, whose voice comes from different extractors."""
    from emospot.corpora.instruments import NONE, standard_instruments
    from emospot.corpora.table import FeatureColumn, TableOptions, import_table

    folder = tmp_path_factory.mktemp("stores")
    rows = [
        [
            f"d{d}",
            f"d{d}u{t}",
            "AB"[t % 2],
            ("glad", "sad")[(d + t) % 2],
            "test" if d >= 8 else "train",
            f"[{(d + t) % 2}, 1, {d}]",
            f"[1, {t}]",
        ]
        for d in range(10)
        for t in range(4)
    ]
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEAD, *rows])
    for column in ("vec", "other"):
        options = TableOptions(features={"voice": FeatureColumn(column, column)})
        import_table(
            folder / "table.csv", folder / column, options, standard_instruments(words=NONE)
        )
    return folder


@pytest.fixture(scope="module")
def run_folder(stores, tmp_path_factory) -> Path:
    from emospot.config import load_config
    from emospot.features.store import FeatureStore
    from emospot.training.fit import train

    folder = tmp_path_factory.mktemp("run") / "run"
    settings = [value for value in SMALL if value != "--set"]
    train(FeatureStore.open(stores / "vec"), folder, load_config(None, settings), seeds=range(2))
    return folder


def test_training_is_shown_and_says_what_comes_next(emospot, stores, tmp_path):
    ran = emospot("train", stores / "vec", "--out", tmp_path / "run", *SMALL)
    assert ran.status == 0
    assert "dev w-F1" in ran.out
    assert f"next: emospot evaluate {tmp_path / 'run'}" in ran.err


def test_without_a_test_split_no_evaluation_is_proposed(emospot, stores, tmp_path):
    with (stores / "table.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row[4] != "test"]
    with (tmp_path / "train.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    store = tmp_path / "store"
    made = emospot(
        "corpus", "import", "table", tmp_path / "train.csv", "--out", store, "--words", "none",
        "--feature", "voice=vec:vec",
    )  # fmt: skip
    assert made.status == 0, made.err
    ran = emospot("train", store, "--out", tmp_path / "run", *SMALL)
    assert ran.status == 0, ran.err
    assert "emospot evaluate" not in ran.err
    assert "no test split" in ran.err


def test_training_as_json(emospot, stores, tmp_path):
    ran = emospot(
        "train",
        stores / "vec",
        "--out",
        tmp_path / "run",
        *SMALL,
        "--json",
        "--first-seed",
        4,
        "--dev",
        "first",
    )
    (result,) = json.loads(ran.out)
    assert result["seed"] == 4


def test_a_run_is_not_overwritten(emospot, stores, run_folder):
    ran = emospot("train", stores / "vec", "--out", run_folder, *SMALL)
    assert ran.status == 2
    assert "already holds a run: add --resume" in ran.error_lines[0]


def test_a_misspelt_setting_is_named(emospot, stores, tmp_path):
    ran = emospot("train", stores / "vec", "--out", tmp_path / "run", "--set", "model.widht=3")
    assert ran.status == 2
    assert '"model.widht"' in ran.error_lines[0]


def test_evaluation_of_seeds(emospot, stores, run_folder):
    ran = emospot("evaluate", run_folder, stores / "vec")
    assert ran.status == 0
    assert "2 seeds" in ran.out
    assert "F1 glad" in ran.out
    written = json.loads((run_folder / "evaluation.json").read_text(encoding="utf-8"))
    assert written["split"] == "test"
    assert 0 <= written["mean"]["weighted_f1"] <= 1


def test_one_seed_has_no_spread(emospot, stores, run_folder, tmp_path):
    single = tmp_path / "single"
    shutil.copytree(run_folder, single)
    shutil.rmtree(single / "seed-1")
    ran = emospot("evaluate", single, stores / "vec")
    assert "1 seed" in ran.out
    assert "0.0000 │ 0.0000" not in ran.out
    assert "–" in ran.out


def test_evaluation_as_json(emospot, stores, run_folder):
    ran = emospot("evaluate", run_folder, stores / "vec", "--json", "--split", "train")
    assert json.loads(ran.out)["split"] == "train"


def test_a_models_own_folder_and_a_bundled_name_are_scored_too(emospot, stores, run_folder):
    folder = run_folder / "seed-1" / "model"
    ran = emospot("evaluate", folder, stores / "vec", "--json")
    one = json.loads(ran.out)
    both = json.loads(emospot("evaluate", run_folder, stores / "vec", "--json").out)
    assert one["mean"]["weighted_f1"] == both["seeds"][1]["scores"]["weighted_f1"]
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.safetensors"]
    # The bundled model is found, and refuses features that it was not trained on.
    ran = emospot("evaluate", "bundled", stores / "vec")
    assert ran.status == 1
    assert "bundled was trained on" in ran.error_lines[0]


def test_a_withheld_modality_gets_its_own_file(emospot, stores, run_folder):
    ran = emospot("evaluate", run_folder, stores / "vec", "--without", "voice")
    assert ran.status == 0
    assert "without voice" in ran.out
    assert (run_folder / "evaluation-without-voice.json").is_file()


@pytest.mark.parametrize(
    ("store", "options", "status", "parts"),
    [
        ("other", (), 1, ("other (2 numbers an utterance)", "vec (3 numbers an utterance)")),
        ("nothing", (), 1, ("no store at",)),
        ("vec", ("--split", "moon"), 1, ('no split "moon"', "train, test")),
    ],
)
def test_what_does_not_fit_is_named(emospot, stores, run_folder, store, options, status, parts):
    ran = emospot("evaluate", run_folder, stores / store, *options)
    assert (ran.status, ran.out) == (status, "")
    (line,) = ran.error_lines
    assert all(part in line for part in parts)


def test_no_run(emospot, stores, tmp_path):
    ran = emospot("evaluate", tmp_path / "gone", stores / "vec")
    assert ran.status == 2
    assert "make one with emospot train" in ran.error_lines[0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_on_a_full_disk_the_older_evaluation_is_kept(emospot, stores, run_folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(run_folder, run)
    (run / "evaluation.json").write_text("older", encoding="utf-8")
    (run / "evaluation.json.part").symlink_to("/dev/full")
    ran = emospot("evaluate", run, stores / "vec")
    assert ran.status == 1
    assert "cannot write the evaluation" in ran.error_lines[0]
    assert (run / "evaluation.json").read_text(encoding="utf-8") == "older"
