"""ELAN annotations (.eaf): XML with tiers over shared time slots.

Tiers without a parent tier hold the utterances; the PARTICIPANT attribute, or
else the tier's name, is the speaker. A child tier whose name or type says
"word" gives word times. Other child tiers (translations, glosses) are skipped.
Slots without a time lie evenly between their neighbours, as ELAN draws them.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from emospot.errors import TranscriptError
from emospot.media.tiers import Interval, Tier, segments_of_tiers
from emospot.media.transcript_types import Notices, Segment


def read_elan(content: bytes, notices: Notices) -> list[Segment]:
    """The segments of an ELAN file.

    Args:
        content: the file's bytes; XML names its own encoding.
        notices: of the file; gets what was repaired or left out.

    Raises:
        TranscriptError: if the XML is malformed, is no ELAN document, refers to
            a missing time slot, or holds no annotation with text.
    """
    path = notices.path
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
        times = _slot_times(root)
        elements = {element.attrib["TIER_ID"]: element for element in root.iter("TIER")}
        tiers = [tier for element in elements.values() for tier in _tier(element, elements, times)]
    except (KeyError, ValueError) as error:
        raise TranscriptError(
            f"{path}: a time slot or tier is missing or no number ({error})"
        ) from error
    segments = segments_of_tiers(tiers, notices)
    if not segments:
        raise TranscriptError(f"{path}: holds no annotation with a text and times of its own")
    return segments


def _tier(
    element: ET.Element, elements: Mapping[str, ET.Element], times: Mapping[str, float]
) -> list[Tier]:
    """The tier as far as it is used: utterances or words."""
    kind = f"{element.attrib['TIER_ID']} {element.get('LINGUISTIC_TYPE_REF', '')}".lower()
    has_parent = "PARENT_REF" in element.attrib
    if has_parent and "word" not in kind:
        return []
    # Words meet their utterances under the name and speaker of the topmost tier.
    top = _topmost(element, elements)
    speaker = (top.get("PARTICIPANT") or "").strip() or None
    intervals = []
    for annotation in element.iter("ALIGNABLE_ANNOTATION"):
        start = times[annotation.attrib["TIME_SLOT_REF1"]]
        end = times[annotation.attrib["TIME_SLOT_REF2"]]
        place = f"annotation {annotation.get('ANNOTATION_ID', '?')}"
        text = annotation.findtext("ANNOTATION_VALUE") or ""
        intervals.append(Interval(start, end, text, place))
    return [Tier(top.attrib["TIER_ID"], tuple(intervals), speaker, holds_words=has_parent)]


def _topmost(element: ET.Element, elements: Mapping[str, ET.Element]) -> ET.Element:
    """The tier at the top of a tier's parents."""
    for _ in range(len(elements)):  # a damaged file could hold a ring of parents
        parent = element.get("PARENT_REF")
        if parent is None:
            break
        element = elements[parent]
    return element


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
