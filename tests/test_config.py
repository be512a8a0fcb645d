"""Configurations check themselves and name what is wrong."""

from pathlib import Path

import pytest

from emospot.config import Config, load_config, parse_config
from emospot.errors import ConfigError


def test_defaults_and_settings_over_a_file(tmp_path: Path) -> None:
    assert load_config(None) == Config()
    path = tmp_path / "config.yaml"
    path.write_text("model:\n  width: 64\n  graph: false\ntraining:\n  epochs: 3\n")
    config = load_config(path, ["model.width=32", "model.modalities=[words]"])
    assert (config.model.width, config.model.graph, config.training.epochs) == (32, False, 3)
    assert config.model.modalities == ("words",)


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
