"""Configurations check themselves and name what is wrong."""

from pathlib import Path

import pytest

from emospot.bench.contenders import OWN_STUDY
from emospot.config import (
    MODEL_KINDS,
    BaselineConfig,
    Config,
    ModelConfig,
    load_config,
    parse_config,
)
from emospot.errors import ConfigError
from emospot.experiments.study import load_study


def test_defaults_and_settings_over_a_file(tmp_path: Path) -> None:
    assert load_config(None) == Config()
    path = tmp_path / "config.yaml"
    path.write_text("model:\n  width: 64\n  graph: false\ntraining:\n  epochs: 3\n")
    config = load_config(path, ["model.width=32", "model.modalities=[words]"])
    assert (config.model.width, config.model.graph, config.training.epochs) == (32, False, 3)
    assert config.model.modalities == ("words",)


def test_a_shipped_configuration_is_called_by_its_name() -> None:
    light = load_config(Path("light"), ["model.context_layers=2"]).model
    assert (light.width, light.context_layers) == (96, 2)
    with pytest.raises(ConfigError, match=r"configuration lite: No such file.*or one of light"):
        load_config(Path("lite"))


@pytest.mark.parametrize("study", ["light", str(OWN_STUDY)])
def test_studies_of_the_light_configuration_mean_the_shipped_one(study: str) -> None:
    assert load_study(study).config("emospot, light").model == load_config(Path("light")).model


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("")
    assert load_config(path) == Config()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": {"widht": 64}}, 'unknown key "model.widht"'),
        ({"model": {"width": "wide"}}, "\"model.width\".*integer.*'wide'"),
        ({"model": {"fusion": "late"}}, '"model.fusion".*hotspot_gated.*late'),
        ({"model": {"width": 30}}, "width 30 must be a multiple of heads 4"),
        ({"model": {"top_k": 5}}, "top_k 5 must not exceed experts 4"),
        ({"model": {"modalities": ["words", "words"]}}, "modalities must be distinct"),
        ({"model": {"modalities": []}}, "modalities must be distinct"),
        ({"training": {"dev_fraction": 0.9}}, '"training.dev_fraction".*0.5'),
        ({"model": 5}, '"model": .*dictionary.*found 5'),
        ({"model": {"kind": "corct"}}, "\"model.kind\": expected one of emospot,.*'corct'"),
        ({"model": {"kind": ["mlp"]}}, '"model.kind": expected one of emospot,.*mlp,'),
        ({"model": {"kind": None}}, '"model.kind": expected one of emospot,.*None'),
        ({"model": {"kind": "mlp", "widht": 64}}, 'unknown key "model.widht"'),
        ({"model": {"kind": "corect", "graph": True}}, 'unknown key "model.graph"'),
        ({"model": {"kind": "mlp", "width": "wide"}}, "\"model.width\".*integer.*'wide'"),
        ({"model": {"kind": "mlp", "modalities": []}}, "modalities must be distinct"),
        ({"model": {"kind": "mlp", "causal": True}}, '"model.causal".*False'),
        ({"model": {"kind": "mlp", "heads": 2}}, 'mlp does not read "heads".*it reads.*width'),
        ({"model": {"kind": "mlp", "speaker_path": True}}, 'mlp does not read "speaker_path"'),
        ({"model": {"kind": "dialogue_rnn", "padding": "as_published"}}, 'not read "padding"'),
        ({"model": {"kind": "majority", "pooling": "attention"}}, 'not read "pooling"'),
        ({"model": {"kind": "logistic_regression", "input_dropout": 0.1}}, '"input_dropout"'),
        ({"model": {"emospot": 3}}, 'unknown key "model.emospot"'),
    ],
)
def test_what_is_wrong_is_named(values: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(values)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("width=3", "expected section.key=value"),
        ("model.width", "expected section.key=value"),
        ("model.width=[", "not valid YAML"),
        ("nothing.width=3", 'unknown key "nothing"'),
    ],
)
def test_a_bad_setting_is_named(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(None, [setting])


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the configuration .*absent\.yaml"):
        load_config(tmp_path / "absent.yaml")
    path = tmp_path / "config.yaml"
    path.write_text("model: [unclosed")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(path)
    path.write_text("- just\n- a list\n")
    with pytest.raises(ConfigError, match="expected sections"):
        load_config(path)
    path.write_text("model: 5\n")
    with pytest.raises(ConfigError, match='"model": expected a section'):
        load_config(path, ["model.width=3"])
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(path)


def test_every_kind_of_model_is_configured_by_its_name(tmp_path: Path) -> None:
    assert len(set(MODEL_KINDS)) == 10
    for kind in MODEL_KINDS:
        model = load_config(None, [f"model.kind={kind}"]).model
        assert model.kind == kind
        assert isinstance(model, ModelConfig if kind == "emospot" else BaselineConfig)
        again = parse_config({"model": model.model_dump(mode="json")}).model
        assert again == model
    path = tmp_path / "config.yaml"
    path.write_text("model:\n  kind: corect\n  padding: as_published\n  past: 11\n")
    model = load_config(path, ["model.future=5"]).model
    assert (model.padding, model.past, model.future, model.width) == ("as_published", 11, 5, None)


def test_without_a_kind_the_model_is_emospots_own() -> None:
    assert parse_config({"model": {"width": 64}}).model == ModelConfig(width=64)
    assert Config().model.kind == "emospot"
    assert [BaselineConfig(kind=k).closed_form for k in ("majority", "mlp")] == [True, False]


def test_conversations_are_shared_among_all_epochs() -> None:
    with pytest.raises(ConfigError, match="set choose to last"):
        parse_config({"training": {"each_once": True}})
