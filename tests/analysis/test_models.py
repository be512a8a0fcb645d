import pytest

from emospot.analysis.models import bundled_cards, load, model_folder, models_folder
from emospot.errors import ModelError
from emospot.model.pretrained import save_model


def test_the_bundled_model_is_found_by_name():
    assert model_folder("bundled") == models_folder() / "bundled"
    assert model_folder("bundled-causal") == models_folder() / "bundled-causal"
    assert list(bundled_cards()) == ["bundled", "bundled-causal"]


def test_a_folder_with_a_model(bundled, tmp_path):
    save_model(bundled, tmp_path / "mine")
    assert model_folder(tmp_path / "mine") == tmp_path / "mine"
    assert load(tmp_path / "mine").card == bundled.card


def test_a_run_stands_for_its_first_seed(bundled, tmp_path):
    for seed in (1, 0):
        save_model(bundled, tmp_path / f"seed-{seed}" / "model")
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    assert model_folder(tmp_path) == tmp_path / "seed-0" / "model"


def test_no_model_is_told_with_what_was_expected(tmp_path):
    with pytest.raises(
        ModelError,
        match=r'no model .*expected "bundled", "bundled-causal", a folder with model\.json',
    ):
        model_folder(tmp_path)


def test_a_model_of_another_version_is_an_error(bundled, tmp_path):
    save_model(bundled, tmp_path)
    path = tmp_path / "model.json"
    text = path.read_text(encoding="utf-8").replace('"format_version": 1', '"format_version": 9')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"format version 9, this emospot reads 1"):
        load(tmp_path)
