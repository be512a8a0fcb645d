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
    """

    tiers: tuple[ElanTier, ...]
    vocabularies: Mapping[str, tuple[str, ...]]
    media: tuple[str, ...]

    def topmost(self, tier: ElanTier) -> ElanTier:
        """The tier at the top of a tier's parents."""
        by_name = {one.name: one for one in self.tiers}
        for _ in by_name:  # a damaged file could hold a ring of parents
            if not tier.parent:
                break
            tier = by_name[tier.parent]
        return tier


def read_elan_document(content: bytes, path: Path) -> ElanDocument:
    """Read a document.

    Args:
        content: the file's bytes; XML names its own encoding.
        path: of the file, for messages.

    Raises:
        TranscriptError: if the XML is malformed, is no ELAN document, or refers to a
            missing time slot, tier or annotation.
    """
    # ELAN files define no entities; a file that does may be made to fill the memory.
    if b"<!ENTITY" in content:
        raise TranscriptError(f"{path}: defines XML entities, which no ELAN file does")
    try:
        root = ET.fromstring(content)  # noqa: S314
    except (ET.ParseError, ValueError, LookupError) as error:
        raise TranscriptError(f"{path}: is no well-formed XML ({error})") from error
    if root.tag != "ANNOTATION_DOCUMENT":
        raise TranscriptError(f"{path}: found <{root.tag}>, expected <ANNOTATION_DOCUMENT>")
    try:
        elements = list(root.iter("TIER"))
        spans = _spans(elements, _slot_times(root))
        names = {element.attrib["TIER_ID"] for element in elements}
        tiers = tuple(_tier(element, names, spans) for element in elements)
    except (KeyError, ValueError) as error:
        raise TranscriptError(
            f"{path}: a time slot, tier or annotation is missing or no number ({error})"
        ) from error
    return ElanDocument(tiers, _vocabularies(root), _media(root))


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
    waiting: list[list[ET.Element]] = []
    for tier in tiers:
        parts: dict[str, list[ET.Element]] = {}
        for one in _annotations(tier):
            by_name[one.get("ANNOTATION_ID", "")] = one
            if one.tag == "REF_ANNOTATION":
                parts.setdefault(one.attrib["ANNOTATION_REF"], []).append(one)
            else:
                slots = (one.attrib["TIME_SLOT_REF1"], one.attrib["TIME_SLOT_REF2"])
                spans[one] = (times[slots[0]], times[slots[1]])
        waiting += parts.values()
    # Tiers stand in any order, so a child may come before its parent.
    while waiting:
        later = []
        for group in waiting:
            span = spans.get(by_name[group[0].attrib["ANNOTATION_REF"]])
            if span is None:
                later.append(group)
            else:
                spans.update(zip(_chained(group), _parts(span, len(group)), strict=True))
        if len(later) == len(waiting):
            raise KeyError(later[0][0].attrib["ANNOTATION_REF"])  # they refer to each other
        waiting = later
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
        for one in root.iter("CONTROLLED_VOCABULARY")
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
