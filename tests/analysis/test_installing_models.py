import json
import shutil

import pytest

from emospot.analysis.installed_models import installed_folder, installed_names, model_sources
from emospot.analysis.installing_models import add_model, remove_model
from emospot.analysis.models import known_models, load, models_folder
from emospot.errors import EmospotError, ModelError, UsageError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOSPOT_MODELS", str(tmp_path / "installed"))


@pytest.fixture
def calls(tmp_path):
    shutil.copytree(models_folder() / "bundled-causal", tmp_path / "calls")
    return tmp_path / "calls"


def test_a_folder_is_copied_under_its_name(calls):
    (calls / "evil.py").write_text("raise SystemExit", encoding="utf-8")
    (calls / "README.md").write_text("# Calls", encoding="utf-8")
    found = add_model(calls)
    assert found.name == "calls"
    assert (found.card.name, found.page, found.source) == ("calls", "# Calls", str(calls))
    names = sorted(path.name for path in found.folder.iterdir())
    assert names == ["README.md", "model.json", "model.safetensors"]
    assert oct(found.folder.stat().st_mode)[-3:] == "755"
    shutil.rmtree(calls)
    assert load("calls").card.labels == load("bundled-causal").card.labels
    assert list(known_models()) == ["bundled", "bundled-causal", "calls"]


def test_a_run_is_called_by_its_own_name(calls, tmp_path):
    run = tmp_path / "my-run"
    calls.rename(tmp_path / "model")
    (run / "seed-3").mkdir(parents=True)
    (tmp_path / "model").rename(run / "seed-3" / "model")
    (run / "run.json").write_text("{}", encoding="utf-8")
    assert add_model(run).name == "my-run"
    assert add_model(run / "seed-3" / "model", replace=True).name == "my-run"


def test_what_the_card_is_to_say(calls):
    found = add_model(calls, "mine", card={"licence": "mit", "limits": ["Only me."]})
    assert (found.card.licence, found.card.limits) == ("mit", ("Only me.",))
    with pytest.raises(UsageError, match="has no flavour"):
        add_model(calls, "other", card={"flavour": "sweet"})
    assert installed_names() == ["mine"]


def test_a_name_that_is_taken(calls):
    add_model(calls)
    with pytest.raises(UsageError, match="installed already"):
        add_model(calls)
    assert add_model(calls, card={"licence": "mit"}, replace=True).card.licence == "mit"
    assert [p.name for p in installed_folder().iterdir() if p.name.startswith(".")] == []
    with pytest.raises(UsageError, match="comes with emospot"):
        add_model(calls, "bundled")
    with pytest.raises(ModelError, match="cannot be called"):
        add_model(calls, "../calls")


def test_a_damaged_model_is_not_installed(calls):
    path = calls / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match="damaged"):
        add_model(calls)
    told = json.loads((models_folder() / "bundled" / "model.json").read_text(encoding="utf-8"))
    told["model"]["width"] = 64
    (calls / "model.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(ModelError, match="damaged"):
        add_model(calls)
    assert installed_names() == []


def test_no_such_model(tmp_path):
    with pytest.raises(ModelError, match="no model"):
        add_model(tmp_path / "nothing")


def test_adding_from_hugging_face_fetches(hub):
    hub.put("lab/calls", models_folder() / "bundled-causal")
    found = add_model("hf:lab/calls")
    assert found.name == "calls"
    assert found.source == f"hf:lab/calls@{hub.commit('lab/calls')}"
    assert load("calls").card.name == "calls"
    asked = len(hub.asked)
    with pytest.raises(ModelError, match='no model "lab/calls": .*hf:lab/calls'):
        add_model("lab/calls", "again")
    assert len(hub.asked) == asked


def test_removing(calls):
    add_model(calls, "one")
    add_model(calls, "two")
    remove_model("one")
    assert installed_names() == ["two"]
    assert list(model_sources()) == ["two"]
    with pytest.raises(UsageError, match='no model "one" is installed'):
        remove_model("one")
    with pytest.raises(UsageError, match="comes with emospot"):
        remove_model("bundled")


def test_removing_a_link_leaves_what_it_leads_to(calls):
    add_model(calls, "one")
    (installed_folder() / "linked").symlink_to(calls)
    remove_model("linked")
    assert (calls / "model.json").is_file()
    assert installed_names() == ["one"]


def test_a_folder_that_cannot_be_written(calls, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EMOSPOT_MODELS", str(tmp_path / "file"))
    with pytest.raises(EmospotError, match="cannot make the folder"):
        add_model(calls)


def test_what_fails_on_the_way_leaves_nothing(calls, monkeypatch):
    def full(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(EmospotError, match="No space left"):
        add_model(calls)
    assert list(installed_folder().iterdir()) == []


def test_what_cannot_be_deleted(calls, monkeypatch):
    add_model(calls)

    def refused(*paths):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", refused)
    with pytest.raises(EmospotError, match="Permission denied"):
        remove_model("calls")
