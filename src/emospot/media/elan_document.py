"""An ELAN document (.eaf) as it is: tiers with their types and parents, words to choose from.

An annotation has times of its own (through two time slots) or refers to one of the parent
tier: one that is the only such has the parent's time, of several each has an equal part,
in their order. Slots without a time lie evenly between their neighbours, as ELAN draws them.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.parsers import expat

from emospot.errors import TranscriptError
from emospot.media.tiers import Interval


@dataclass(frozen=True, slots=True)
class ElanTier:
    """A tier.

    Args:
        name: unique in the document.
        kind: its linguistic type.
        participant: the speaker, None where there is none.
        parent: name of the parent tier, "" at the top.
        refers: whether its annotations have the times of the parent's.
        intervals: in the order of the file.
    """

    name: str
    kind: str
    participant: str | None
    parent: str
    refers: bool
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class ElanDocument:
    """What of a document is read.

    Args:
        tiers: in the order of the file.
        vocabularies: type of tier → the values that its annotations are chosen from.
        media: addresses of the recordings, those relative to the document first.
        tops: name of each tier → the tier at the top of its parents.
    """

    tiers: tuple[ElanTier, ...]
    vocabularies: Mapping[str, tuple[str, ...]]
    media: tuple[str, ...]
    tops: Mapping[str, ElanTier]

    def topmost(self, tier: ElanTier) -> ElanTier:
        """The tier at the top of a tier's parents."""
        return self.tops[tier.name]


def read_elan_document(content: bytes, path: Path) -> ElanDocument:
    """Read a document.

    Args:
        content: the file's bytes; XML names its own encoding.
        path: of the file, for messages.

    Raises:
        TranscriptError: if the XML is malformed, defines entities, is no ELAN document, or
            refers to a missing time slot, tier or annotation.
    """
    root = _parsed(content, path)
    if root.tag != "ANNOTATION_DOCUMENT":
        raise TranscriptError(f"{path}: found <{root.tag}>, expected <ANNOTATION_DOCUMENT>")
    try:
        elements = root.findall("TIER")
        spans = _spans(elements, _slot_times(root))
        names = {element.attrib["TIER_ID"] for element in elements}
        tiers = tuple(_tier(element, names, spans) for element in elements)
    except (KeyError, ValueError) as error:
        raise TranscriptError(
            f"{path}: a time slot, tier or annotation is missing or no number ({error})"
        ) from error
    return ElanDocument(tiers, _vocabularies(root), _media(root), _tops(tiers))


def _parsed(content: bytes, path: Path) -> ET.Element:
    """The root of a document that defines no entities.

    ELAN files define none; a file that does may be made to fill the memory. The parser
    tells of them, as their bytes differ with the encoding.
    """

    def refuse(*_: object) -> None:
        raise TranscriptError(f"{path}: defines XML entities, which no ELAN file does")

    builder = ET.TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise TranscriptError(f"{path}: is no well-formed XML ({error})") from error
    return builder.close()


def _tops(tiers: Sequence[ElanTier]) -> dict[str, ElanTier]:
    """Name of each tier → the tier at the top; every tier is gone through once."""
    by_name = {one.name: one for one in tiers}
    tops: dict[str, ElanTier] = {}
    for tier in tiers:
        name, way = tier.name, {tier.name}
        # A damaged file could hold a ring of parents: it ends where it closes.
        while name not in tops and (parent := by_name[name].parent) and parent not in way:
            name = parent
            way.add(name)
        tops |= dict.fromkeys(way, tops.get(name, by_name[name]))
    return tops


Spans = dict[ET.Element, tuple[float, float]]


def _tier(element: ET.Element, names: set[str], spans: Spans) -> ElanTier:
    parent = element.get("PARENT_REF", "")
    if parent and parent not in names:
        raise KeyError(parent)
    annotations = list(_annotations(element))
    return ElanTier(
        element.attrib["TIER_ID"],
        element.get("LINGUISTIC_TYPE_REF", ""),
        (element.get("PARTICIPANT") or "").strip() or None,
        parent,
        any(one.tag == "REF_ANNOTATION" for one in annotations),
        tuple(
            Interval(
                *spans[one],
                one.findtext("ANNOTATION_VALUE") or "",
                f"annotation {one.get('ANNOTATION_ID', '?')}",
            )
            for one in annotations
        ),
    )


def _annotations(element: ET.Element) -> Iterable[ET.Element]:
    return (one for one in element.iter() if one.tag in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"))


def _spans(tiers: Sequence[ET.Element], times: Mapping[str, float]) -> Spans:
    """Seconds of every annotation."""
    spans: Spans = {}
    by_name: dict[str, ET.Element] = {}
    waiting: dict[str, list[list[ET.Element]]] = {}  # by what they refer to
    for tier in tiers:
        parts: dict[str, list[ET.Element]] = {}
        for one in _annotations(tier):
            by_name[one.get("ANNOTATION_ID", "")] = one
            if one.tag == "REF_ANNOTATION":
                parts.setdefault(one.attrib["ANNOTATION_REF"], []).append(one)
            else:
                slots = (one.attrib["TIME_SLOT_REF1"], one.attrib["TIME_SLOT_REF2"])
                spans[one] = (times[slots[0]], times[slots[1]])
        for name, group in parts.items():
            waiting.setdefault(name, []).append(group)
    # Tiers stand in any order, so from those with times down to what refers to them.
    known = [name for name, one in by_name.items() if one in spans]
    while known:
        name = known.pop()
        for group in waiting.pop(name, ()):
            span = spans[by_name[name]]
            spans.update(zip(_chained(group), _parts(span, len(group)), strict=True))
            ids = {one.get("ANNOTATION_ID", ""): one for one in group}
            known += (id_ for id_, one in ids.items() if by_name[id_] is one)
    if waiting:  # for what is missing, or for each other
        raise KeyError(next((name for name in waiting if name not in by_name), min(waiting)))
    return spans


def _parts(span: tuple[float, float], count: int) -> list[tuple[float, float]]:
    """Equal parts of a span.

    >>> _parts((1.0, 2.0), 2)
    [(1.0, 1.5), (1.5, 2.0)]
    """
    start, end = span
    edges = [start + (end - start) * k / count for k in range(count)] + [end]
    return list(pairwise(edges))


def _chained(group: Sequence[ET.Element]) -> list[ET.Element]:
    """Annotations of one parent in their order: each may name the one before it."""
    after = {one.get("PREVIOUS_ANNOTATION"): one for one in group}
    ordered: list[ET.Element] = []
    name: str | None = None
    while (one := after.pop(name, None)) is not None:
        ordered.append(one)
        name = one.get("ANNOTATION_ID", "")
    return ordered if len(ordered) == len(group) else list(group)


def _slot_times(root: ET.Element) -> dict[str, float]:
    """Seconds of every time slot; those without a time are interpolated."""
    slots = list(root.iter("TIME_SLOT"))
    names = [slot.attrib["TIME_SLOT_ID"] for slot in slots]
    values = [slot.get("TIME_VALUE") for slot in slots]
    known = [None if value is None else int(value) / 1000 for value in values]
    return dict(zip(names, _interpolated(known), strict=True))


def _interpolated(times: Sequence[float | None]) -> list[float]:
    """Fill the gaps evenly between the neighbours.

    >>> _interpolated([1.0, None, None, 4.0, None])
    [1.0, 2.0, 3.0, 4.0, 4.0]
    """
    filled: list[float] = []
    last, waiting = 0.0, 0
    for time in times:
        if time is None:
            waiting += 1
            continue
        steps = waiting + 1
        filled += [last + (time - last) * (k + 1) / steps for k in range(waiting)]
        filled.append(time)
        last, waiting = time, 0
    return filled + [last] * waiting


def _vocabularies(root: ET.Element) -> dict[str, tuple[str, ...]]:
    """Type → the values of its controlled vocabulary, old (CV_ENTRY) or new (CVE_VALUE)."""
    values = {
        one.get("CV_ID", ""): tuple(
            (entry.text or "").strip()
            for entry in one.iter()
            if entry.tag in ("CV_ENTRY", "CVE_VALUE")
        )
        for one in root.iterfind("CONTROLLED_VOCABULARY")
    }
    return {
        kind.get("LINGUISTIC_TYPE_ID", ""): values[kind.attrib["CONTROLLED_VOCABULARY_REF"]]
        for kind in root.iter("LINGUISTIC_TYPE")
        if kind.get("CONTROLLED_VOCABULARY_REF") in values
    }


def _media(root: ET.Element) -> tuple[str, ...]:
    found = [one.attrib for one in root.iter("MEDIA_DESCRIPTOR")]
    relative = [one.get("RELATIVE_MEDIA_URL", "") for one in found]
    return tuple(
        name for name in (*relative, *(one.get("MEDIA_URL", "") for one in found)) if name
    )
