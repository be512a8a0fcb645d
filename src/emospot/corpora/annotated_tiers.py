"""What people have annotated in one file: who says what, with which emotion, and which moments.

The tiers are those of an exported analysis (docs/formats.md) or like them. They are told by
their names and, in ELAN, their types; people rename tiers, add some, split and move
annotations, so nothing is taken for granted but this:

- An emotion belongs to the utterance of the same speaker that it shares most time with, and
  at least half of the shorter of both. One that covers several utterances (one that was
  split) belongs to all of them.
- A tier of emotions that is nobody's own belongs to all speakers.
- An emotion where nobody says anything is an utterance without words.
- Empty annotations are none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from emospot.conversation import MODALITIES, Utterance
from emospot.corpora.overlaps import Overlaps
from emospot.errors import CorpusError
from emospot.media.annotation_file import AnnotationFile, AnnotationTier
from emospot.media.tier_names import (
    EMOTION,
    HOTSPOTS,
    TOKENS,
    UTTERANCES,
    TierName,
    understood,
)
from emospot.media.tiers import Interval, Tier, segments_of_tiers
from emospot.media.transcript_types import Notices, Segment

IGNORE = "ignore"
_HALF = 0.5
_MUCH = 0.25

ROLES: Mapping[str, TierName | None] = {
    UTTERANCES: TierName(UTTERANCES),
    EMOTION: TierName(EMOTION),
    **{f"{modality} hotspots": TierName(HOTSPOTS, None, modality) for modality in MODALITIES},
    IGNORE: None,
}
"""What a tier can be said to hold: utterances, emotions, hotspots of a modality, nothing."""


@dataclass(frozen=True, slots=True)
class Annotated:
    """An annotation with its place.

    Args:
        interval: when, and what it says.
        tier: name of its tier.
        speaker: whose, or None where the tier is nobody's own.
        modality: of a hotspot, else "".
    """

    interval: Interval
    tier: str
    speaker: str | None
    modality: str = ""

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f'tier "{self.tier}", {self.interval.start:.2f} s'


@dataclass(frozen=True, slots=True)
class AnnotatedTalk:
    """What a file says.

    Args:
        segments: what is said, by whom and when, in order of time.
        emotions: annotations of emotions that are not empty.
        hotspots: marked moments.
        choices: the labels that can be chosen in the file, () where it does not say.
        notices: sentences about what was repaired or left out.
    """

    segments: tuple[Segment, ...]
    emotions: tuple[Annotated, ...]
    hotspots: tuple[Annotated, ...]
    choices: tuple[str, ...]
    notices: tuple[str, ...]


def read_talk(file: AnnotationFile, roles: Mapping[str, str] | None = None) -> AnnotatedTalk:
    """Sort the tiers of a file by what they hold.

    Args:
        file: its tiers.
        roles: name of a tier → what it holds (`ROLES`), in the place of what its name says.

    Raises:
        CorpusError: if no tier holds emotions.
    """
    tiers = [_as_told(tier, (roles or {}).get(tier.name)) for tier in file.tiers]
    held = {role: [t for t in tiers if _role(t) == role] for role in (EMOTION, HOTSPOTS, TOKENS)}
    unnamed = [t for t in held[HOTSPOTS] if t.known is not None and not t.known.modality]
    held[HOTSPOTS] = [t for t in held[HOTSPOTS] if t not in unnamed]
    if not held[EMOTION]:
        names = ", ".join(f'"{tier.name}"' for tier in file.tiers) or "none"
        raise CorpusError(
            f"{file.path}: no tier holds emotions (tiers: {names}); call one "
            f'"SPEAKER - emotion", or name it: --tier "emotion=NAME"'
        )
    spoken, strange = _spoken(tiers)
    notices = Notices(file.path)
    emotions = _annotated(held[EMOTION], tiers)
    rows = [
        Tier(tier.name, tier.intervals, _speaker(tier, tiers), _role(tier) == TOKENS)
        for tier in (*spoken, *held[TOKENS])
    ]
    segments = segments_of_tiers([_spoken_only(row) for row in rows], notices)
    said = Overlaps([(segment.start, segment.end) for segment in segments])
    silent = [
        Segment(one.speaker, one.interval.start, one.interval.end, "")
        for one in emotions
        if not any(
            _belongs(one, segments[k].speaker, segments[k].start, segments[k].end)
            for k in said.meeting(one.interval.start, one.interval.end)
        )
    ]
    everything = sorted((*segments, *silent), key=lambda one: (one.start or 0.0, one.end or 0.0))
    told = [*file.notices, *notices.sentences()]
    if strange or unnamed:
        names = ", ".join(f'"{tier.name}"' for tier in (*strange, *unnamed))
        told.append(
            f"{file.path.name}: tiers that are no part of this were left out: {names} (say what "
            "they hold by --tier, if they are)"
        )
    choices = dict.fromkeys(value for tier in held[EMOTION] for value in tier.choices)
    return AnnotatedTalk(
        tuple(everything),
        tuple(emotions),
        tuple(_annotated(held[HOTSPOTS], tiers)),
        tuple(choices),
        tuple(told),
    )


class Emotions:
    """The emotions of a file, to ask for that of an utterance.

    Args:
        annotations: of emotions. A speaker's own come before those that are nobody's.
    """

    def __init__(self, annotations: Sequence[Annotated]) -> None:
        self._all = annotations
        self._overlaps = Overlaps([(one.interval.start, one.interval.end) for one in annotations])

    def of(self, utterance: Utterance) -> tuple[Annotated | None, Annotated | None]:
        """The emotion of an utterance, and another one that has much of its time, if any."""
        speaker, start, end = utterance.speaker, utterance.start, utterance.end
        near = [self._all[place] for place in self._overlaps.meeting(start, end)]
        found = [one for one in near if _belongs(one, speaker, start, end)]
        found = [one for one in found if one.speaker is not None] or found
        if not found or start is None or end is None:
            return None, None
        first, *others = sorted(found, key=lambda one: -_shared(one.interval, start, end))
        for other in others:
            differs = other.interval.text.strip().lower() != first.interval.text.strip().lower()
            if differs and _shared(other.interval, start, end) >= _MUCH * (end - start):
                return first, other
        return first, None


def _as_told(tier: AnnotationTier, role: str | None) -> AnnotationTier:
    """The tier with what the user says that it holds."""
    if role is None:
        return tier
    told = ROLES[role] or TierName(IGNORE)
    speaker = tier.known.speaker if tier.known is not None else None
    return replace(tier, known=replace(told, speaker=speaker))


def _role(tier: AnnotationTier) -> str:
    return tier.known.role if tier.known is not None else ""


def _speaker(tier: AnnotationTier, tiers: Sequence[AnnotationTier]) -> str | None:
    """Whose tier it is: by the participant, the name, the parent; of utterances, the name."""
    known = tier.participant or (tier.known.speaker if tier.known is not None else None)
    if known is not None:
        return known
    if tier.parent:
        parent = next(one for one in tiers if one.name == tier.parent)
        return _speaker(replace(parent, parent=""), tiers)
    # By custom a tier is called like its speaker, unless its name says what it holds.
    is_named = _role(tier) in ("", UTTERANCES) and understood(tier.name) is None
    return tier.name.strip() or None if is_named else None


def _spoken(
    tiers: Sequence[AnnotationTier],
) -> tuple[list[AnnotationTier], list[AnnotationTier]]:
    """The tiers that hold utterances, and those that hold nothing that is known.

    A tier that is called like nothing is a speaker's if others speak of that speaker, or
    stand below it; or if the emotions are nobody's own, so that nothing tells the speakers.
    """
    known = [tier for tier in tiers if tier.known is not None and tier.known.role != IGNORE]
    plain = [tier for tier in tiers if tier.known is None]
    named = {tier.known.speaker for tier in known if tier.known is not None}
    named |= {tier.parent for tier in known}
    anybody = any(_role(t) == EMOTION and _speaker(t, tiers) is None for t in known)
    spoken = [tier for tier in known if _role(tier) == UTTERANCES]
    strange: list[AnnotationTier] = []
    for tier in plain:
        followed = any(one.name.startswith(f"{tier.name} - ") for one in plain)
        is_spoken = not tier.parent and (tier.name in named or anybody or followed)
        (spoken if is_spoken else strange).append(tier)
    return spoken, strange


def _spoken_only(tier: Tier) -> Tier:
    """The tier under a name that says nothing, as what it holds is settled."""
    return replace(tier, name=tier.speaker or "text")


def _annotated(tiers: Sequence[AnnotationTier], of: Sequence[AnnotationTier]) -> list[Annotated]:
    """The annotations of tiers that are not empty and have a length."""
    found = []
    for tier in tiers:
        speaker, modality = _speaker(tier, of), tier.known.modality if tier.known else ""
        found += [
            Annotated(one, tier.name, speaker, modality)
            for one in tier.intervals
            if one.text.strip() and one.end > one.start
        ]
    return found


def _belongs(
    emotion: Annotated, speaker: str | None, start: float | None, end: float | None
) -> bool:
    if start is None or end is None or emotion.speaker not in (None, speaker):
        return False
    length = min(end - start, emotion.interval.end - emotion.interval.start)
    shared = _shared(emotion.interval, start, end)
    return shared > 0 and shared >= _HALF * length


def _shared(interval: Interval, start: float, end: float) -> float:
    """Seconds that an interval shares with a span."""
    return min(interval.end, end) - max(interval.start, start)
