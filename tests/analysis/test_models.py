import shutil

import pytest

from emospot.analysis.models import (
    bundled_cards,
    known_model,
    known_models,
    load,
    model_folder,
    models_folder,
    weighted_f1,
)
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


def test_an_installed_model_goes_before_a_folder_of_its_name(tmp_path, monkeypatch):
    installed = tmp_path / "installed"
    monkeypatch.setenv("EMOSPOT_MODELS", str(installed))
    monkeypatch.chdir(tmp_path)
    for place in (installed / "calls", tmp_path / "calls"):
        shutil.copytree(models_folder() / "bundled-causal", place)
    assert model_folder("calls") == installed / "calls"
    assert model_folder("./calls").resolve() == tmp_path / "calls"
    shutil.copytree(models_folder() / "bundled-causal", installed / "bundled")
    assert model_folder("bundled") == models_folder() / "bundled"
    assert known_models()["bundled"].folder == models_folder() / "bundled"


def test_a_path_is_never_asked_for_on_the_network(hub, bundled, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMOSPOT_ALLOW_DOWNLOAD", "1")
    save_model(bundled, tmp_path / "runs" / "today")
    hub.put("runs/todya", tmp_path / "runs" / "today")
    hub.put("lab/calls", tmp_path / "runs" / "today")
    assert model_folder("runs/today").resolve() == tmp_path / "runs" / "today"
    for name in ("runs/todya", "lab/calls"):
        for look in (model_folder, load, known_model):
            with pytest.raises(ModelError, match=f'^no model "{name}": expected "bundled"'):
                look(name, allow_download=True)
    assert hub.asked == []


def test_a_name_of_hugging_face_has_its_prefix(hub, bundled, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="or hf:lab/fetched for one of Hugging Face$"):
        model_folder("lab/fetched")
    with pytest.raises(ModelError, match="^the model hf:lab/fetched is not on this machine"):
        model_folder("hf:lab/fetched")
    save_model(bundled, tmp_path / "mine")
    hub.put("lab/fetched", tmp_path / "mine")
    assert load("hf:lab/fetched", allow_download=True).card == bundled.card
    assert load("hf:lab/fetched").card == bundled.card


def test_known_models_have_their_figures():
    found = known_models()["bundled"]
    assert found.weighted_f1 == ("test", pytest.approx(0.70, abs=0.05))
    assert found.size == (models_folder() / "bundled" / "model.safetensors").stat().st_size
    assert found.page.startswith("# The bundled model")
    plain = found.to_dict()
    assert plain["weighted_f1"]["on"] == "test"
    assert plain["features"]["voice"]["extractor"] == "ge2e"
    assert plain["problem"] == ""


def test_a_broken_installed_model_is_listed_with_its_problem(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOSPOT_MODELS", str(tmp_path))
    shutil.copytree(models_folder() / "bundled", tmp_path / "half")
    (tmp_path / "half" / "model.safetensors").unlink()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.json").write_text("{", encoding="utf-8")
    found = known_models()
    assert list(found) == ["bundled", "bundled-causal", "broken", "half"]
    assert found["broken"].card is None
    assert "not valid JSON" in found["broken"].problem
    assert found["broken"].to_dict()["weighted_f1"] is None
    assert "is missing" in found["half"].problem


def test_any_model_can_be_shown(bundled, tmp_path):
    assert known_model("bundled-causal").source == "bundled"
    save_model(bundled, tmp_path / "mine")
    found = known_model(tmp_path / "mine")
    assert (found.folder, found.page, found.source) == (tmp_path / "mine", "", "")
    (tmp_path / "mine" / "model.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="not valid JSON"):
        known_model(tmp_path / "mine")


def test_the_score_that_is_shown():
    assert weighted_f1({}) is None
    assert weighted_f1({"test_weighted_f1_sd_of_seeds": 0.1, "dev_mae": 1.0}) is None
    assert weighted_f1({"test_weighted_f1_sd": 0.1, "dev_weighted_f1": 0.6}) == ("dev", 0.6)
