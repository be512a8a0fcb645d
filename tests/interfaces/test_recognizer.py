import pytest
import yaml

from emospot.analysis.analyze import analyze
from emospot.analysis.models import models_folder
from emospot.errors import ModelError
from emospot.interfaces.recognizer import EmotionRecognizer
from emospot.model.pretrained import PretrainedModel


@pytest.fixture(scope="module")
def recognizer() -> EmotionRecognizer:
    return EmotionRecognizer.from_pretrained("bundled")


@pytest.fixture
def talk(tmp_path):
    path = tmp_path / "talk.txt"
    path.write_text("ANNA: I am so happy today!\nBEN: I hate this rain.\n", encoding="utf-8")
    return path


def probabilities(model, talk):
    return [u.probabilities for u in analyze(talk, model=model).utterances]


def test_a_recognizer_is_a_model_wherever_one_is_taken(recognizer, talk):
    assert isinstance(recognizer, PretrainedModel)
    assert probabilities(recognizer, talk) == probabilities("bundled", talk)


def test_what_is_saved_is_loaded_and_answers_the_same(recognizer, talk, tmp_path):
    recognizer.save_pretrained(tmp_path / "mine")
    names = sorted(path.name for path in (tmp_path / "mine").iterdir())
    assert names == ["README.md", "model.json", "model.safetensors"]
    again = EmotionRecognizer.from_pretrained(tmp_path / "mine")
    assert probabilities(again, talk) == probabilities(recognizer, talk)
    # Nothing is lost by half precision, in which it came.
    came = (models_folder() / "bundled" / "model.safetensors").stat().st_size
    assert (tmp_path / "mine" / "model.safetensors").stat().st_size == came


def test_weights_that_need_single_precision_keep_it(recognizer, tmp_path):
    import copy

    import torch

    changed = copy.deepcopy(recognizer)
    weight = next(changed.recognizer.parameters())
    with torch.no_grad():
        weight.fill_(1 + 2**-20)
    changed.save_pretrained(tmp_path)
    again = EmotionRecognizer.from_pretrained(tmp_path)
    assert torch.equal(next(again.recognizer.parameters()), weight)


def test_another_card(recognizer):
    changed = recognizer.with_card(licence="cc-by-4.0", language="de")
    assert isinstance(changed, EmotionRecognizer)
    assert (changed.card.licence, changed.card.language) == ("cc-by-4.0", "de")
    assert recognizer.card.language == "en"
    with pytest.raises(ModelError, match="flavour"):
        recognizer.with_card(flavour="sweet")


def test_published_and_fetched_again(recognizer, hub, talk, tmp_path):
    mine = recognizer.with_card(licence="cc-by-4.0")
    url = mine.push_to_hub("lab/calls", token="secret")  # noqa: S106
    assert str(url).startswith(f"{hub.url}/lab/calls/commit/")
    assert sorted(hub.files["lab/calls"]) == ["README.md", "model.json", "model.safetensors"]
    header = yaml.safe_load(hub.files["lab/calls"]["README.md"].decode().split("---\n")[1])
    assert header["license"] == "cc-by-4.0"
    before = len(hub.asked)
    with pytest.raises(ModelError, match="not on this machine, and nothing is fetched unasked"):
        EmotionRecognizer.from_pretrained("lab/calls")
    assert len(hub.asked) == before
    fetched = EmotionRecognizer.from_pretrained("lab/calls", local_files_only=False)
    assert fetched.card == mine.card
    assert probabilities(fetched, talk) == probabilities(recognizer, talk)
    before = len(hub.asked)
    assert EmotionRecognizer.from_pretrained("lab/calls").card == mine.card
    assert len(hub.asked) == before


def test_a_revision_is_asked_for_and_remembered(recognizer, hub):
    recognizer.push_to_hub("lab/calls", token="secret")  # noqa: S106
    commit = hub.commit("lab/calls")
    recognizer.with_card(language="de").push_to_hub("lab/calls", token="x")  # noqa: S106
    with pytest.raises(ModelError, match=f'has no revision "{commit}"'):
        EmotionRecognizer.from_pretrained("lab/calls", revision=commit, local_files_only=False)
    new = hub.commit("lab/calls")
    found = EmotionRecognizer.from_pretrained("lab/calls", revision=new, local_files_only=False)
    assert found.card.language == "de"
    assert EmotionRecognizer.from_pretrained(f"hf:lab/calls@{new}").card.language == "de"


def test_force_download_takes_what_is_newest(recognizer, hub):
    recognizer.push_to_hub("lab/calls", token="x")  # noqa: S106
    EmotionRecognizer.from_pretrained("lab/calls", local_files_only=False)
    recognizer.with_card(language="de").push_to_hub("lab/calls", token="x")  # noqa: S106
    kept = EmotionRecognizer.from_pretrained("lab/calls", local_files_only=False)
    assert kept.card.language == "en"
    newest = EmotionRecognizer.from_pretrained("lab/calls", force_download=True)
    assert newest.card.language == "de"


def test_a_cache_folder_of_its_own(recognizer, hub, tmp_path):
    recognizer.push_to_hub("lab/calls", token="x")  # noqa: S106
    EmotionRecognizer.from_pretrained(
        "lab/calls", local_files_only=False, cache_dir=tmp_path / "mine"
    )
    assert EmotionRecognizer.from_pretrained("lab/calls", cache_dir=tmp_path / "mine").card
    with pytest.raises(ModelError, match="not on this machine"):
        EmotionRecognizer.from_pretrained("lab/calls")


def test_a_model_of_this_machine_has_no_revisions():
    with pytest.raises(ModelError, match="has no revisions, found v2"):
        EmotionRecognizer.from_pretrained("bundled", revision="v2")


def test_no_model(tmp_path):
    with pytest.raises(ModelError, match="no model"):
        EmotionRecognizer.from_pretrained(tmp_path / "nothing" / "at" / "all")


def test_what_can_be_a_path_is_not_asked_for_on_the_network(
    recognizer, hub, tmp_path, monkeypatch
):
    recognizer.push_to_hub("lab/calls", token="x")  # noqa: S106
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMOSPOT_ALLOW_DOWNLOAD", "1")
    (tmp_path / "lab").mkdir()
    before = len(hub.asked)
    with pytest.raises(ModelError, match='no model "lab/calls"'):
        EmotionRecognizer.from_pretrained("lab/calls")
    assert len(hub.asked) == before
    assert EmotionRecognizer.from_pretrained("hf:lab/calls").card == recognizer.card
