"""An analysis as W3C web annotations (JSON-LD), a collection of one page.

Each utterance is an annotation that classifies a stretch of the recording (a media
fragment, "t=12.3,14.5"): its bodies are the emotion (purpose *classifying*), the speaker
(*identifying*), what is said, and the probabilities as JSON (*describing*). Each hotspot is
an annotation that tags a stretch (*tagging*), with its score and what fired it as JSON.
Without times, words are found by quoting them (TextQuoteSelector).

Model: https://www.w3.org/TR/annotation-model/. The context is named and never fetched.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from emospot.analysis.types import Analysis, HotspotFinding, UtteranceFinding

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
MEDIA_FRAGMENTS = "http://www.w3.org/TR/media-frags/"

Node = dict[str, Any]


def to_web_annotations(analysis: Analysis, media: str | None = None) -> str:
    """The collection as JSON-LD.

    Args:
        analysis: what is written.
        media: address of the recording, relative to the file or whole; None: its name.
    """
    # The same analysis has the same names, whoever writes them.
    content = analysis.to_json().encode("utf-8", "replace")
    space = uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(content).hexdigest())
    source = _address(media if media is not None else analysis.recording)
    items = []
    for place, utterance in enumerate(analysis.utterances):
        own = [_utterance(utterance, source)]
        own += [_hotspot(utterance, spot, source) for spot in utterance.hotspots]
        for number, one in enumerate(own):
            about = _about(analysis)
            items.append({**_named(space, f"{place}/{number}"), **about, **one})
    page = {
        "id": _named(space, "page")["id"],
        "type": "AnnotationPage",
        "startIndex": 0,
        "items": items,
    }
    collection = {
        "@context": CONTEXT,
        "id": _named(space, "collection")["id"],
        "type": "AnnotationCollection",
        "label": f"Emotions of {analysis.recording}",
        **_about(analysis),
        "total": len(items),
        "first": page,
    }
    return json.dumps(collection, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _address(media: str) -> str:
    """The address of a recording as an IRI; a path is encoded, an address left as it is.

    >>> _address("my talk?.mp4"), _address("https://example.org/a%20b?c=1")
    ('my%20talk%3F.mp4', 'https://example.org/a%20b?c=1')
    """
    return media if "://" in media else quote(media, safe="/", errors="replace")


def _named(space: uuid.UUID, name: str) -> Node:
    return {"id": uuid.uuid5(space, name).urn, "type": "Annotation"}


def _about(analysis: Analysis) -> Node:
    """Who made it, and when."""
    program = f"emospot {analysis.emospot_version}".strip()
    model = f"{analysis.model.name} {analysis.model.version}".strip()
    made: Node = {"creator": {"type": "Software", "name": f"{program}, model {model}"}}
    return {**made, "created": _utc(analysis.created)} if analysis.created else made


def _utc(time: str) -> str:
    """The time as the model has it (xsd:dateTime in UTC, with a Z).

    >>> _utc("2026-11-03T09:30:00+00:00")
    '2026-11-03T09:30:00Z'
    """
    return time.removesuffix("+00:00") + "Z" if time.endswith("+00:00") else time


def _utterance(one: UtteranceFinding, source: str) -> Node:
    said = [_text("describing", one.text)] if one.text else []
    known = {
        "utterance": one.id,
        "confidence": one.confidence,
        "probabilities": dict(one.probabilities),
    }
    return {
        "motivation": "classifying",
        "body": [
            _text("classifying", one.emotion),
            _text("identifying", one.speaker),
            *said,
            _json("describing", known),
        ],
        "target": _target(source, one.start, one.end, one.text),
    }


def _hotspot(utterance: UtteranceFinding, spot: HotspotFinding, source: str) -> Node:
    return {
        "motivation": "tagging",
        "body": [
            _text("tagging", f"{spot.modality} hotspot"),
            _json("describing", {"utterance": utterance.id, **asdict(spot)}),
        ],
        "target": _target(source, spot.start, spot.end, utterance.words_of(spot)),
    }


def _text(purpose: str, value: str) -> Node:
    return {"type": "TextualBody", "purpose": purpose, "value": value, "format": "text/plain"}


def _json(purpose: str, value: Mapping[str, Any]) -> Node:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return {
        "type": "TextualBody",
        "purpose": purpose,
        "value": text,
        "format": "application/json",
    }


def _target(source: str, start: float | None, end: float | None, quoted: str | None) -> Node:
    """A stretch of the recording; of a text without times, the words."""
    target: Node = {"type": "SpecificResource", "source": source}
    if start is not None and end is not None:
        target["selector"] = {
            "type": "FragmentSelector",
            "conformsTo": MEDIA_FRAGMENTS,
            "value": f"t={_seconds(start)},{_seconds(end)}",
        }
    elif quoted:
        target["selector"] = {"type": "TextQuoteSelector", "exact": quoted}
    return target


def _seconds(time: float) -> str:
    """Seconds with at most six decimals, never as a power of ten.

    >>> _seconds(12.0), _seconds(1e-05), _seconds(0.25)
    ('12', '0.00001', '0.25')
    """
    return f"{time:.6f}".rstrip("0").rstrip(".")
