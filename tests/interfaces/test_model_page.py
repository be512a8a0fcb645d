from dataclasses import replace

import pytest
import yaml
from huggingface_hub import ModelCard as HubCard

from emospot.analysis.models import bundled_cards
from emospot.emotions import Task
from emospot.interfaces.model_page import KNOWN_LICENCES, model_page, page_header


@pytest.fixture
def card():
    return bundled_cards()["bundled"]


def test_hugging_face_reads_the_header(card):
    read = HubCard(model_page(replace(card, licence="CC-BY-4.0 ")), ignore_metadata_errors=False)
    assert read.data.license == "cc-by-4.0"
    assert read.data.language == ["en"]
    assert read.data.library_name == "emospot"
    assert read.data.pipeline_tag == "audio-classification"
    assert read.data.metrics == ["f1"]
    assert {"emotion-recognition-in-conversation", "words", "voice"} <= set(read.data.tags)


def test_a_licence_of_its_own_is_other_and_stands_in_the_page(card):
    header = page_header(card)
    assert header["license"] == "other"
    assert header["license_name"].startswith("research-use-only-trained-on")
    assert card.licence.split(":")[0] in model_page(card)
    assert "license" not in page_header(replace(card, licence=""))
    assert "other" not in KNOWN_LICENCES


def test_words_alone_are_text_and_numbers_have_an_error(card):
    words = replace(card, features={"words": card.features["words"]}, language="")
    assert page_header(words)["pipeline_tag"] == "text-classification"
    assert "language" not in page_header(words)
    number = replace(card, tasks=(Task("valence", "number", ("valence",)),))
    assert page_header(number)["metrics"] == ["mae"]
    assert "A number an utterance: valence." in model_page(number)
    several = replace(card, tasks=(Task("a+b", "several", ("a", "b")),))
    assert "Any of these an utterance: a, b." in model_page(several)


def test_figures_and_limits_are_told(card):
    page = model_page(card)
    for limit in card.limits:
        assert limit in page
    for score in card.scores.values():
        assert f"{score:.4f}" in page
    assert "None were stated" in model_page(replace(card, limits=(), scores=None))


def test_a_card_cannot_put_markup_or_a_header_into_the_page(card):
    evil = replace(
        card,
        name="x\n---\nlicense: mit\n<script>alert(1)</script>",
        licence="a: b\n---\n# [click](http://x)",
        language="en\nlicense: mit",
    )
    page = model_page(evil)
    assert "<script>" not in page
    assert "[click](" not in page
    header = yaml.safe_load(page.split("---\n")[1])
    assert header["license"] == "other"
    assert header["language"] == ["en\nlicense: mit"]
    extractor = replace(evil.features["words"], extractor="`x`\n# y", licence="<b>")
    assert "\n# y" not in model_page(replace(evil, features={"words": extractor}))
