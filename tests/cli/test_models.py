import json
import shutil
import sys

import pytest

from emospot.analysis.models import bundled_cards, models_folder


@pytest.fixture(autouse=True)
def installed(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOSPOT_MODELS", str(tmp_path / "installed"))
    return tmp_path / "installed"


def test_models_are_listed_with_figures_and_licence(emospot):
    ran = emospot("models")
    assert ran.status == 0
    assert ran.out.startswith("bundled: happiness, sadness")
    assert "reads words (minilm-l6), voice (ge2e)" in ran.out
    score = bundled_cards()["bundled"].scores["test_weighted_f1_mean_of_seeds"]
    assert f"w-F1 {100 * score:.1f} (test), language en, " in ran.out
    assert "licence: research use only" in ran.out


def test_models_as_json(emospot):
    cards = json.loads(emospot("models", "--json").out)
    assert cards["bundled"]["features"]["voice"]["extractor"] == "ge2e"
    assert cards["bundled"]["weighted_f1"]["on"] == "test"
    assert cards["bundled"]["size"] > 1e6


def test_one_model_is_shown_whole(emospot):
    ran = emospot("models", "show", "bundled")
    assert "limit: Trained on eight actors" in ran.out
    score = bundled_cards()["bundled"].scores["test_weighted_f1_mean_of_seeds"]
    assert f"test_weighted_f1_mean_of_seeds: {score:.4f}" in ran.out
    assert "# The bundled model" in ran.out
    shown = json.loads(emospot("models", "show", "bundled", "--json").out)
    assert shown["name"] == "bundled"
    ran = emospot("models", "show", "nothing")
    assert ran.status == 1
    assert 'no model "nothing": expected "bundled"' in ran.err


def test_a_model_is_added_used_and_removed(emospot, talk, tmp_path, installed):
    source = models_folder() / "bundled"
    ran = emospot("models", "add", source, "--name", "calls", "--licence", "", "--limit", "Mine.")
    assert ran.status == 0
    assert ran.out.startswith("calls: happiness")
    assert "limit: Mine." in ran.out
    assert "states no licence" in ran.err
    assert "calls: happiness" in emospot("models").out
    ran = emospot("analyze", talk, "--model", "calls", "--out", tmp_path / "out", "--json")
    assert json.loads(ran.out)["model"]["name"] == "calls"
    assert emospot("models", "remove", "calls").err == "removed: calls\n"
    assert "calls" not in emospot("models").out
    assert list(installed.iterdir()) == [installed / "sources.json"]
    ran = emospot("models", "remove", "calls")
    assert (ran.status, len(ran.error_lines)) == (2, 1)


def test_an_added_model_as_json(emospot):
    source = models_folder() / "bundled"
    added = emospot("models", "add", source, "--name", "calls", "--language", "de", "--json")
    assert json.loads(added.out)["language"] == "de"


def test_a_broken_model_is_told_and_the_others_are_listed(emospot, installed):
    (installed / "broken").mkdir(parents=True)
    (installed / "broken" / "model.json").write_text("{", encoding="utf-8")
    ran = emospot("models")
    assert ran.status == 0
    assert "broken cannot be used:" in ran.err
    assert "bundled: " in ran.out
    assert "cannot be read" in emospot("models", "show", "broken").out


def test_json_stands_behind_the_command(emospot):
    ran = emospot("models", "--json", "show", "bundled")
    assert ran.status == 2
    assert "emospot models show NAME --json" in ran.err


def test_a_model_of_hugging_face_is_fetched_when_that_is_allowed(emospot, hub, talk, tmp_path):
    hub.put("lab/calls", models_folder() / "bundled")
    asked = ("analyze", talk, "--model", "hf:lab/calls", "--out", tmp_path / "out")
    ran = emospot(*asked)
    assert ran.status == 1
    assert "nothing is fetched unasked" in ran.error_lines[0]
    assert hub.asked == []
    assert emospot(*asked, "--allow-download").status == 0
    before = len(hub.asked)
    assert emospot(*asked).status == 0
    assert emospot("models", "show", "hf:lab/calls").status == 0
    assert len(hub.asked) == before
    assert emospot("models", "add", "hf:lab/calls").status == 0
    assert "from: hf:lab/calls@" in emospot("models", "show", "calls").out


def test_the_real_client_finds_the_hub_by_the_environment(hub, tmp_path):
    import os
    import subprocess

    hub.put("lab/calls", models_folder() / "bundled-causal")
    ran = subprocess.run(
        [sys.executable, "-m", "emospot.cli.main", "models", "add", "hf:lab/calls", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf")},
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["source"].startswith("hf:lab/calls@")


@pytest.mark.parametrize("command", ["evaluate", "diagnose"])
def test_runs_may_be_models_by_any_name(emospot, command, tmp_path):
    ran = emospot(command, "hf:lab/none", tmp_path)
    assert "not on this machine" in ran.error_lines[0]
    ran = emospot(command, tmp_path / "nothing" / "there", tmp_path)
    assert (ran.status, "no run folder" in ran.err) == (2, True)
    # The model is found; it is the store that is none.
    shutil.copytree(models_folder() / "bundled", tmp_path / "installed" / "calls")
    ran = emospot(
        command, "calls", tmp_path, *(["--out", tmp_path] if command != "evaluate" else [])
    )
    assert "is not a feature store" in ran.error_lines[0]


def test_a_mistyped_path_is_not_asked_for_on_the_network(
    emospot, hub, tmp_path, monkeypatch, talk
):
    monkeypatch.setenv("EMOSPOT_ALLOW_DOWNLOAD", "1")
    monkeypatch.chdir(tmp_path)
    for asked in (
        ("models", "add", "runs/todya"),
        ("models", "show", "runs/todya", "--allow-download"),
        ("analyze", talk, "--model", "runs/todya", "--out", tmp_path / "out"),
        ("evaluate", "runs/todya", tmp_path),
    ):
        ran = emospot(*asked)
        assert ran.status != 0
        assert "runs/todya" in ran.error_lines[0]
    assert hub.asked == []


def test_a_card_and_a_page_do_not_steer_the_terminal(emospot, installed):
    shutil.copytree(models_folder() / "bundled-causal", installed / "calls")
    path = installed / "calls" / "model.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    evil = "\x1b]0;owned\x07\x9b2J\u202e"
    told["card"] |= {"licence": f"mit{evil}", "limits": [evil], "language": evil}
    told["card"]["scores"] = {evil: 1.0}
    told["card"]["labels"]["labels"][0] += evil
    path.write_text(json.dumps(told), encoding="utf-8")
    (installed / "calls" / "CARD.md").write_text(f"# Calls\r\n{evil}", encoding="utf-8")
    for asked in (("models",), ("models", "show", "calls")):
        ran = emospot(*asked)
        assert "]0;owned" in ran.out
        assert not set("\x1b\x07\x9b\u202e\r") & set(ran.out + ran.err)
    assert "# Calls\n]0;owned" in ran.out
    (installed / "calls" / "model.json").write_text(f'{{"format_version": "{evil}"}}')
    for asked in (("models",), ("models", "show", "calls")):
        ran = emospot(*asked)
        assert not set("\x1b\x07\x9b\u202e") & set(ran.out + ran.err)
