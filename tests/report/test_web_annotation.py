"""Web annotations are held against the W3C model (https://www.w3.org/TR/annotation-model/)."""

import json
import re
from dataclasses import replace
from urllib.parse import unquote

from emospot.report.web_annotation import CONTEXT, to_web_annotations

# What the model's context (anno.jsonld) knows of what is used here.
TERMS = {
    "@context", "id", "type", "label", "creator", "created", "total", "first", "startIndex",
    "items", "motivation", "body", "target", "purpose", "value", "format", "source", "selector",
    "conformsTo", "exact", "name",
}  # fmt: skip
TYPES = {
    "AnnotationCollection", "AnnotationPage", "Annotation", "TextualBody", "SpecificResource",
    "FragmentSelector", "TextQuoteSelector", "Software",
}  # fmt: skip
MOTIVATIONS = {
    "assessing", "bookmarking", "classifying", "commenting", "describing", "editing",
    "highlighting", "identifying", "linking", "moderating", "questioning", "replying", "tagging",
}  # fmt: skip


def nodes(value):
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def checked(text):
    """The annotations of a collection, each rule of the model that applies held."""
    collection = json.loads(text)
    assert collection["@context"] == CONTEXT
    assert collection["type"] == "AnnotationCollection"
    page = collection["first"]
    assert page["type"] == "AnnotationPage"
    assert page["startIndex"] == 0
    items = page["items"]
    assert collection["total"] == len(items)
    names = [node["id"] for node in nodes(collection) if "id" in node]
    assert len(set(names)) == len(names) == len(items) + 2
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", name) for name in names)
    for node in nodes(collection):
        assert set(node) <= TERMS
        assert node["type"] in TYPES
    for item in items:
        assert item["type"] == "Annotation"
        assert item["motivation"] in MOTIVATIONS
        assert {body["purpose"] for body in item["body"]} <= MOTIVATIONS
        assert all(isinstance(body["value"], str) for body in item["body"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", item["created"])
        assert re.fullmatch(r"[^\s<>\"{}|\\^`]+", item["target"]["source"])
    return items


def value(item, purpose, form="text/plain"):
    (found,) = [b["value"] for b in item["body"] if (b["purpose"], b["format"]) == (purpose, form)]
    return found


def test_every_utterance_is_classified_and_every_hotspot_tagged(analysis):
    items = checked(to_web_annotations(analysis))
    felt = [item for item in items if item["motivation"] == "classifying"]
    for item, one in zip(felt, analysis.utterances, strict=True):
        assert value(item, "classifying") == one.emotion
        assert value(item, "identifying") == one.speaker
        assert value(item, "describing") == one.text
        known = json.loads(value(item, "describing", "application/json"))
        assert known == {
            "utterance": one.id,
            "confidence": one.confidence,
            "probabilities": one.probabilities,
        }
        selector = item["target"]["selector"]
        assert selector["conformsTo"] == "http://www.w3.org/TR/media-frags/"
        start, end = re.fullmatch(r"t=([\d.]+),([\d.]+)", selector["value"]).groups()
        assert (float(start), float(end)) == (one.start, one.end)
    tagged = [item for item in items if item["motivation"] == "tagging"]
    spots = [(one.id, spot) for one in analysis.utterances for spot in one.hotspots]
    for item, (name, spot) in zip(tagged, spots, strict=True):
        assert value(item, "tagging") == f"{spot.modality} hotspot"
        known = json.loads(value(item, "describing", "application/json"))
        assert known.pop("utterance") == name
        assert type(spot)(**known) == spot


def test_awkward_names_make_addresses(awkward):
    items = checked(to_web_annotations(awkward))
    assert {unquote(item["target"]["source"]) for item in items} == {"a b&ü.wav"}
    assert value(items[0], "describing") == awkward.utterances[0].text
    last = items[-1]  # has no times: the words are quoted
    assert last["target"]["selector"] == {"type": "TextQuoteSelector", "exact": "no times"}
    other = checked(to_web_annotations(awkward, "https://example.org/m?x=1"))
    assert {i["target"]["source"] for i in other} == {"https://example.org/m?x=1"}


def test_a_text_without_times_is_quoted(bare_text):
    items = checked(to_web_annotations(bare_text))
    spot = next(item for item in items if item["motivation"] == "tagging")
    assert spot["target"]["selector"] == {"type": "TextQuoteSelector", "exact": "almost nine"}


def test_the_same_analysis_has_the_same_names(analysis):
    assert to_web_annotations(analysis) == to_web_annotations(analysis)
    other = replace(analysis, created="2026-11-04T00:00:00+00:00")
    first, second = (json.loads(to_web_annotations(a))["id"] for a in (analysis, other))
    assert first != second


def test_nothing_said_and_nothing_known(analysis):
    assert checked(to_web_annotations(replace(analysis, utterances=()))) == []
    silent = replace(analysis.utterances[0], text=None, start=None, end=None, hotspots=())
    (item,) = json.loads(to_web_annotations(replace(analysis, utterances=(silent,), created="")))[
        "first"
    ]["items"]
    assert "selector" not in item["target"]
    assert "created" not in item
