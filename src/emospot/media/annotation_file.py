"""The tiers of an annotation file (ELAN or Praat), whatever they hold.

A transcript reader asks who says what; who reads labels or marks asks for the tiers
themselves. What a tier holds, its name or type says (`tier_names`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emospot.errors import TranscriptError
from emospot.media.elan_document import ElanDocument, read_elan_document
from emospot.media.text_file import decode_text, read_bytes
from emospot.media.textgrid import read_tiers
from emospot.media.tier_names import TierName, understood
from emospot.media.tiers import Interval
from emospot.media.transcript_types import Notices

ANNOTATION_SUFFIXES = (".eaf", ".textgrid")
"""Endings of the formats, in lower case."""


_SCORE = re.compile(r"(?:^|\s)([01](?:\.\d+)?|\.\d+)\s*$")


@dataclass(frozen=True, slots=True)
class AnnotationTier:
    """A tier.

    Args:
        name: as in the file.
        known: what its name or type says that it holds, or None.
        participant: the speaker where the format names one apart from the tier, those of
            the parent tiers included.
        parent: name of the topmost parent tier, "" where it has none.
        intervals: in order of time, those without a text included.
        choices: the values that its type lets choose from, () where it has none.
    """

    name: str
    known: TierName | None
    participant: str | None
    parent: str
    intervals: tuple[Interval, ...]
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnnotationFile:
    """An annotation file.

    Args:
        path: where it lies.
        tiers: in the order of the file.
        media: addresses of the recordings that it names, the likeliest first.
        notices: sentences about what was repaired.
    """

    path: Path
    tiers: tuple[AnnotationTier, ...]
    media: tuple[str, ...] = ()
    notices: tuple[str, ...] = field(default=())


def read_annotations(path: Path) -> AnnotationFile:
    """Read a TextGrid or an ELAN file.

    Raises:
        TranscriptError: if it is of another ending, cannot be read or is damaged.
    """
    suffix = path.suffix.lower()
    if suffix not in ANNOTATION_SUFFIXES:
        raise TranscriptError(
            f"{path}: expected an ELAN file (.eaf) or a TextGrid (.TextGrid); save it as one"
        )
    content, notices = read_bytes(path), Notices(path)
    if suffix == ".eaf":
        document = read_elan_document(content, path)
        return AnnotationFile(path, _elan_tiers(document), document.media)
    grid = read_tiers(decode_text(content, notices), path)
    tiers = tuple(
        AnnotationTier(one.name, understood(one.name), None, "", _in_order(one.intervals))
        for one in grid
    )
    return AnnotationFile(path, tiers, notices=notices.sentences())


def score_of(text: str) -> float:
    """The number at the end of an interval's text, from 0 to 1; without one, 1.

    >>> score_of("phrase 0.83"), score_of("laughter"), score_of("take 2")
    (0.83, 1.0, 1.0)
    """
    match = _SCORE.search(text)
    return min(1.0, float(match[1])) if match else 1.0


def _elan_tiers(document: ElanDocument) -> tuple[AnnotationTier, ...]:
    vocabularies: Mapping[str, tuple[str, ...]] = document.vocabularies
    tiers = []
    for one in document.tiers:
        top = document.topmost(one)
        tiers.append(
            AnnotationTier(
                one.name,
                understood(one.name, one.kind),
                one.participant or top.participant,
                top.name if one.parent else "",
                _in_order(one.intervals),
                vocabularies.get(one.kind, ()),
            )
        )
    return tuple(tiers)


def _in_order(intervals: tuple[Interval, ...]) -> tuple[Interval, ...]:
    return tuple(sorted(intervals, key=lambda one: (one.start, one.end)))
