import socket

import pytest

from emospot.analysis.hub_models import (
    HubReference,
    bare_reference,
    download_allowed,
    hub_folder,
    hub_reference,
)
from emospot.analysis.models import load, models_folder
from emospot.errors import ModelError
from emospot.model.foreign_weights import MOST_BYTES

CALLS = HubReference("lab/calls")


@pytest.fixture
def published(hub):
    hub.put("lab/calls", models_folder() / "bundled-causal")
    hub.files["lab/calls"]["evil.py"] = b"raise SystemExit"
    hub.files["lab/calls"]["../../escape.json"] = b"{}"
    hub.files["lab/calls"]["README.md"] = b"# Calls"
    return hub


def test_names():
    assert hub_reference("hf:lab/calls") == CALLS
    assert hub_reference("hf:lab/calls@v1.0") == HubReference("lab/calls", "v1.0")
    assert hub_reference("hf:lab/calls@refs/pr/1", "main") == HubReference("lab/calls", "main")
    assert str(HubReference("lab/calls", "v2")) == "hf:lab/calls@v2"


def test_a_name_without_the_prefix_is_no_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert hub_reference("lab/calls") is None
    assert bare_reference("hf:lab/calls") == bare_reference("lab/calls") == CALLS
    assert bare_reference("lab/calls@v1", "v2") == HubReference("lab/calls", "v2")
    (tmp_path / "lab").mkdir()
    assert bare_reference("lab/calls") is None
    assert bare_reference("hf:lab/calls") == CALLS


@pytest.mark.parametrize(
    "name",
    [
        "calls",
        "a/b/c",
        "/a/b",
        "../b",
        "a/..",
        "a/b--c",
        "a b/c",
        "a/b@",
        "a/b@..",
        "a/b@x/../y",
        "",
    ],
)
def test_what_is_no_name(name):
    assert hub_reference(name) is None
    assert bare_reference(name) is None
    with pytest.raises(ModelError, match="names no repository"):
        hub_reference(f"hf:{name}")


def test_nothing_is_fetched_unasked(published):
    with pytest.raises(ModelError, match=r"nothing is fetched unasked.*models add hf:lab/calls"):
        hub_folder(CALLS)
    assert published.asked == []


def test_only_three_files_are_fetched_and_kept(published):
    folder = hub_folder(CALLS, allow_download=True)
    assert load(folder).card.name == "bundled-causal"
    names = {path.name for path in published.cache.rglob("*") if path.is_file()}
    assert {"model.json", "model.safetensors", "README.md"} <= names
    assert not {"evil.py", "escape.json", "CARD.md"} & names
    assert not any("evil" in line or "escape" in line for line in published.asked)


def test_what_is_there_needs_no_network(published):
    folder = hub_folder(CALLS, allow_download=True)
    before = len(published.asked)
    assert hub_folder(CALLS) == hub_folder(CALLS, allow_download=True) == folder
    assert len(published.asked) == before
    assert hub_folder(HubReference("lab/calls", folder.name)) == folder


def test_the_environment_allows_it(published, monkeypatch):
    for value, allowed in (("", False), ("0", False), ("no", False), ("1", True), ("True", True)):
        monkeypatch.setenv("EMOSPOT_ALLOW_DOWNLOAD", value)
        assert download_allowed() is allowed
    with pytest.raises(ModelError, match="nothing is fetched unasked"):
        hub_folder(CALLS, allow_download=False)
    assert hub_folder(CALLS).is_dir()


def test_a_half_cached_model_is_not_there(published):
    folder = hub_folder(CALLS, allow_download=True)
    (folder / "model.json").unlink()
    with pytest.raises(ModelError, match="not on this machine"):
        hub_folder(CALLS)


def test_what_is_too_large_is_not_fetched(published):
    published.sizes["lab/calls/model.safetensors"] = MOST_BYTES["model.safetensors"] + 1
    with pytest.raises(ModelError, match="at most 4000 MB"):
        hub_folder(CALLS, allow_download=True)
    assert not any("/resolve/" in line for line in published.asked)


def test_a_page_that_is_too_large_is_left_out(published):
    published.sizes["lab/calls/README.md"] = MOST_BYTES["README.md"] + 1
    folder = hub_folder(CALLS, allow_download=True)
    assert not (folder / "README.md").exists()


def test_a_repository_of_something_else(published):
    published.files["lab/other"] = {"model.json": b"{}", "pytorch_model.bin": b"x"}
    with pytest.raises(ModelError, match=r"it has no model\.safetensors"):
        hub_folder(HubReference("lab/other"), allow_download=True)


def test_a_model_that_is_not_what_it_says(published):
    files = published.files["lab/calls"]
    files["model.json"] = files["model.json"].replace(b'"width": 128', b'"width": 131072')
    with pytest.raises(ModelError, match=r"not as model\.json says"):
        hub_folder(CALLS, allow_download=True)
    # Its files lie in the cache now, and are no better for it.
    for allowed in (True, False, None):
        with pytest.raises(ModelError, match=r"not as model\.json says"):
            hub_folder(CALLS, allow_download=allowed)


def test_what_another_program_put_into_the_cache_is_checked(published):
    from huggingface_hub import hf_hub_download

    files = published.files["lab/calls"]
    files["model.json"] = files["model.json"].replace(b'"width": 128', b'"width": 131072')
    for name in ("model.json", "model.safetensors"):
        hf_hub_download("lab/calls", name)
    with pytest.raises(ModelError, match=r"not as model\.json says"):
        hub_folder(CALLS)


def test_it_is_fetched_at_the_commit_that_was_looked_up(published):
    hub_folder(CALLS, allow_download=True)
    fetched = [line for line in published.asked if "/resolve/" in line]
    at = f"/resolve/{published.commit('lab/calls')}/"
    assert len(fetched) >= 3
    assert all(at in line for line in fetched)


def test_what_moves_on_while_it_is_looked_up_is_not_fetched_unseen(published, monkeypatch):
    from huggingface_hub import HfApi

    look_up = HfApi.model_info

    def moving(*arguments, **options):
        told = look_up(*arguments, **options)
        published.files["lab/calls"]["model.safetensors"] += b"more than was told"
        return told

    monkeypatch.setattr(HfApi, "model_info", moving)
    # This hub forgets older commits; the real one would still give the one looked up.
    with pytest.raises(ModelError, match="cannot be fetched"):
        hub_folder(CALLS, allow_download=True)
    assert not any(path.name == "model.safetensors" for path in published.cache.rglob("*"))


def test_what_cannot_be_had_is_told(published):
    for reference, told in (
        (HubReference("lab/nothing"), "there is none, or it is private"),
        (HubReference("lab/calls", "v9"), 'it has no revision "v9"'),
    ):
        with pytest.raises(ModelError, match=told):
            hub_folder(reference, allow_download=True)
    published.gated.add("lab/calls")
    with pytest.raises(ModelError, match="its owner must let you in"):
        hub_folder(CALLS, allow_download=True)


def test_offline_it_is_told_what_to_check(hub, monkeypatch):
    from huggingface_hub import constants

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(ModelError, match=r"cannot be fetched: .*check the connection"):
        hub_folder(CALLS, allow_download=True)


def test_hugging_face_itself_may_be_switched_off(hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE is set"):
        hub_folder(CALLS, allow_download=True)
    assert hub.asked == []
