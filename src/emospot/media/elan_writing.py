"""Writing an ELAN document (.eaf, format 3.0).

A tier has a type. The type says whether its annotations have times of their own or stand
for one of the parent tier each ("Symbolic_Association"), and which values can be chosen
(a controlled vocabulary). Times are whole milliseconds. The recording is linked by an
address relative to the document, so that both can be moved together.
"""

import mimetypes
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from emospot.media.tiers import Interval

SHORTEST_MS = 1
DEFAULT_KIND = "default-lt"
LANGUAGE = "und"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ASSOCIATION = "Symbolic_Association"
_CONSTRAINTS = {
    "Time_Subdivision": "Parts of the parent annotation's time, without gaps",
    "Symbolic_Subdivision": "Parts of the parent annotation in their order, without times",
    _ASSOCIATION: "One annotation for one of the parent",
    "Included_In": "Parts of the parent annotation's time, with gaps",
}
_MIME_TYPES = {"audio/wav": "audio/x-wav", "audio/vnd.wave": "audio/x-wav"}


@dataclass(frozen=True, slots=True)
class WrittenTier:
    """A tier to write.

    Args:
        name: unique in the document.
        kind: its type.
        intervals: in order of time, not overlapping.
        participant: the speaker, or "".
        parent: name of the parent tier, or "". The parent stands before this tier.
        stands_for: for a tier with a parent, the place in it that each interval stands for.
    """

    name: str
    kind: str
    intervals: Sequence[Interval]
    participant: str = ""
    parent: str = ""
    stands_for: Sequence[int] = ()


@dataclass
class _Document:
    """What is numbered while tiers are written."""

    order: ET.Element
    annotations: dict[str, list[str]] = field(default_factory=dict)
    slots: int = 0
    count: int = 0

    def slot(self, milliseconds: int) -> str:
        self.slots += 1
        name = f"ts{self.slots}"
        ET.SubElement(self.order, "TIME_SLOT", TIME_SLOT_ID=name, TIME_VALUE=str(milliseconds))
        return name

    def name(self, tier: str) -> str:
        self.count += 1
        self.annotations.setdefault(tier, []).append(f"a{self.count}")
        return f"a{self.count}"


def elan_document(
    tiers: Sequence[WrittenTier],
    *,
    media: str | None = None,
    vocabularies: Mapping[str, Sequence[str]] | None = None,
    vocabulary_of: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
    created: str = "",
) -> str:
    """The text of an ELAN document.

    Args:
        tiers: in the order in which ELAN shows them.
        media: address of the recording relative to the document, or None.
        vocabularies: name → the values that can be chosen.
        vocabulary_of: type of tier → name of its vocabulary.
        properties: further facts about the document, which ELAN keeps.
        created: ISO 8601 time.
    """
    ET.register_namespace("xsi", _XSI)
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {f"{{{_XSI}}}noNamespaceSchemaLocation": _SCHEMA},
        AUTHOR="emospot",
        DATE=created or "1970-01-01T00:00:00+00:00",
        FORMAT="3.0",
        VERSION="3.0",
    )
    header = _add_header(root, media, properties or {})
    document = _Document(ET.SubElement(root, "TIME_ORDER"))
    for tier in tiers:
        _add_tier(root, tier, document)
    document.order[:] = sorted(document.order, key=lambda slot: int(slot.attrib["TIME_VALUE"]))
    # From which ELAN counts on, so that new annotations have ids of their own.
    ET.SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId").text = str(document.count)
    _add_types(root, tiers, vocabulary_of or {})
    _add_vocabularies(root, vocabularies or {})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def mime_type(name: str) -> str:
    """The kind of a recording by its ending, as ELAN writes it.

    >>> mime_type("talk.mp4"), mime_type("talk.wav"), mime_type("talk")
    ('video/mp4', 'audio/x-wav', 'unknown')
    """
    guessed = mimetypes.guess_type(name)[0] or "unknown"
    return _MIME_TYPES.get(guessed, guessed)


def _add_header(root: ET.Element, media: str | None, properties: Mapping[str, str]) -> ET.Element:
    header = ET.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if media is not None:
        near = media if media.startswith(("./", "../", "/")) or ":/" in media else f"./{media}"
        ET.SubElement(
            header,
            "MEDIA_DESCRIPTOR",
            MEDIA_URL=clean(media),
            MIME_TYPE=mime_type(media),
            RELATIVE_MEDIA_URL=clean(near),
        )
    for name, value in properties.items():
        ET.SubElement(header, "PROPERTY", NAME=name).text = clean(value)
    return header


def _add_tier(root: ET.Element, tier: WrittenTier, document: _Document) -> None:
    facts = {"LINGUISTIC_TYPE_REF": tier.kind, "TIER_ID": clean(tier.name)}
    if tier.participant:
        facts["PARTICIPANT"] = clean(tier.participant)
    if tier.parent:
        facts["PARENT_REF"] = clean(tier.parent)
    element = ET.SubElement(root, "TIER", facts)
    for place, one in enumerate(tier.intervals):
        holder = ET.SubElement(element, "ANNOTATION")
        name = document.name(tier.name)
        if tier.parent:
            parent = document.annotations[tier.parent][tier.stands_for[place]]
            annotation = ET.SubElement(
                holder, "REF_ANNOTATION", ANNOTATION_ID=name, ANNOTATION_REF=parent
            )
        else:
            start, end = (max(0, round(1000 * seconds)) for seconds in (one.start, one.end))
            annotation = ET.SubElement(
                holder,
                "ALIGNABLE_ANNOTATION",
                ANNOTATION_ID=name,
                TIME_SLOT_REF1=document.slot(start),
                TIME_SLOT_REF2=document.slot(max(end, start + SHORTEST_MS)),
            )
        ET.SubElement(annotation, "ANNOTATION_VALUE").text = clean(one.text)


def _add_types(
    root: ET.Element, tiers: Sequence[WrittenTier], vocabulary_of: Mapping[str, str]
) -> None:
    # The first one is what ELAN suggests for tiers that people add: it must say nothing.
    kinds: dict[str, bool] = {DEFAULT_KIND: True}
    for tier in tiers:
        kinds[tier.kind] = not tier.parent
    for kind, has_times in kinds.items():
        facts = {
            "GRAPHIC_REFERENCES": "false",
            "LINGUISTIC_TYPE_ID": kind,
            "TIME_ALIGNABLE": "true" if has_times else "false",
        }
        if not has_times:
            facts["CONSTRAINTS"] = _ASSOCIATION
        if kind in vocabulary_of:
            facts["CONTROLLED_VOCABULARY_REF"] = vocabulary_of[kind]
        ET.SubElement(root, "LINGUISTIC_TYPE", facts)


def _add_vocabularies(root: ET.Element, vocabularies: Mapping[str, Sequence[str]]) -> None:
    if vocabularies:
        ET.SubElement(
            root,
            "LANGUAGE",
            LANG_DEF="http://cdb.iso.org/lg/CDB-00130975-001",
            LANG_ID=LANGUAGE,
            LANG_LABEL="undetermined (und)",
        )
    for stereotype, description in _CONSTRAINTS.items():
        ET.SubElement(root, "CONSTRAINT", DESCRIPTION=description, STEREOTYPE=stereotype)
    for number, (name, values) in enumerate(vocabularies.items()):
        vocabulary = ET.SubElement(root, "CONTROLLED_VOCABULARY", CV_ID=name)
        ET.SubElement(vocabulary, "DESCRIPTION", LANG_REF=LANGUAGE)
        for place, value in enumerate(values):
            entry = ET.SubElement(vocabulary, "CV_ENTRY_ML", CVE_ID=f"cveid_{number}_{place}")
            ET.SubElement(entry, "CVE_VALUE", LANG_REF=LANGUAGE).text = clean(value)


def clean(text: str) -> str:
    r"""The text on one line, without what XML cannot hold.

    >>> clean("a\n b\x00")
    'a b\ufffd'
    """
    return _NOT_IN_XML.sub("\ufffd", " ".join(text.split()))
