"""What `emospot serve` makes of its options."""

from pathlib import Path

import pytest

from emospot.cli import serve as command
from emospot.serve.settings import PORT, Settings, usual_data_folder


@pytest.fixture
def started(monkeypatch, emospot):
    """The settings with which a server would have been started."""
    found: list[Settings] = []
    monkeypatch.setattr(
        "emospot.serve.run.serve",
        lambda settings, on_start: (found.append(settings), on_start("http://here")),
    )

    def call(*arguments):
        ran = emospot("serve", *arguments)
        assert ran.status == 0, ran.err
        return found[-1], ran.err

    return call


def test_usual_settings(started, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("EMOSPOT_TOKEN", raising=False)
    settings, said = started()
    assert (settings.host, settings.port, settings.token) == ("127.0.0.1", PORT, "")
    assert settings.data == tmp_path / "emospot" / "serve" == usual_data_folder()
    assert set(settings.models) == {"bundled", "bundled-causal"}
    assert all((Path(place) / "model.json").is_file() for place in settings.models.values())
    assert said.startswith("open http://here")


def test_every_option_counts(started, tmp_path):
    settings, _ = started(
        *("--data", tmp_path, "--port", 1, "--jobs", 3, "--queue", 7, "--max-upload-mb", 1.5),
        *("--max-hours", 2, "--max-job-hours", 5, "--max-memory-gb", 4, "--keep-hours", 6),
        *("--live", 0, "--live-minutes", 9, "--token", "t", "--allow-host", "A.example"),
    )
    assert settings == Settings(
        data=tmp_path, port=1, jobs=3, queue=7, upload_bytes=1_500_000, media_hours=2,
        job_hours=5, memory_bytes=4_000_000_000, keep_hours=6, live=0, live_minutes=9,
        token="t", names=("a.example",),  # noqa: S106
    )  # fmt: skip


def test_whoever_can_be_reached_has_a_token(started, monkeypatch):
    monkeypatch.delenv("EMOSPOT_TOKEN", raising=False)
    settings, said = started("--host", "0.0.0.0")  # noqa: S104
    other, _ = started("--allow-host", "talks.example")
    assert len(settings.token) >= 32
    assert f"token: {settings.token}" in said
    assert other.token not in ("", settings.token)
    monkeypatch.setenv("EMOSPOT_TOKEN", "from-the-environment")
    assert started()[0].token == "from-the-environment"  # noqa: S105
    assert started("--token", "typed")[0].token == "typed"  # noqa: S105


def test_a_model_of_ones_own(started, tmp_path, emospot):
    (tmp_path / "mine").mkdir()
    bundled = Path(command.bundled_models()["bundled"])
    (tmp_path / "mine" / "model.json").write_bytes((bundled / "model.json").read_bytes())
    settings, _ = started("--model", tmp_path / "mine")
    assert settings.models["mine"] == str(tmp_path / "mine")
    ran = emospot("serve", "--model", tmp_path / "nothing")
    assert ran.status == 1
    assert "no model" in ran.error_lines[0]


def test_installed_models_are_offered(started, tmp_path, monkeypatch):
    monkeypatch.setenv("EMOSPOT_MODELS", str(tmp_path))
    bundled = Path(command.bundled_models()["bundled"])
    for name, content in (("mine", (bundled / "model.json").read_text()), ("broken", "{")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.json").write_text(content)
    settings, _ = started()
    assert set(settings.models) == {"bundled", "bundled-causal", "mine"}
    assert settings.models["mine"] == str(tmp_path / "mine")
    # By its name, too, which is the same model.
    assert started("--model", "mine")[0].models == settings.models


def test_two_models_of_one_name_are_refused(emospot, tmp_path, monkeypatch):
    bundled = Path(command.bundled_models()["bundled"])
    folders = [tmp_path / name for name in ("a/mine", "b/mine", "bundled")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "model.json").write_bytes((bundled / "model.json").read_bytes())
    for given in (folders[:2], folders[2:]):
        options = [part for folder in given for part in ("--model", folder)]
        ran = emospot("serve", "--data", tmp_path / "data", *options)
        assert ran.status != 0
        assert f'is offered as "{given[0].name}" already' in " ".join(ran.error_lines)


def test_without_a_token_it_is_said_who_can_read(started, monkeypatch):
    monkeypatch.delenv("EMOSPOT_TOKEN", raising=False)
    assert "every user of this machine can read" in started()[1]
    assert "every user" not in started("--token", "t")[1]


def test_an_address_that_cannot_be_used(emospot, tmp_path):
    ran = emospot("serve", "--host", "256.256.256.256", "--data", tmp_path, "--token", "t")
    assert ran.status == 1
    assert "choose another --host" in ran.error_lines[0]


def test_a_port_that_is_taken(emospot, tmp_path):
    from emospot.serve.run import bound

    with bound("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        ran = emospot("serve", "--port", port, "--data", tmp_path)
    assert ran.status == 1
    assert f"port {port}" in ran.error_lines[0]
    assert "choose another --port" in ran.error_lines[0]


def test_without_its_packages_the_extra_is_named(emospot, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ran = emospot("serve", "--data", tmp_path)
    assert ran.status == 1
    assert "pip install 'emospot[serve]'" in ran.error_lines[0]
