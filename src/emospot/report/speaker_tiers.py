"""What the speakers say and feel as rows of intervals, for ELAN and Praat.

Three tiers a speaker: what is said ("Anna"), the emotion ("Anna - emotion") and its
probability ("Anna - confidence"). Utterances of one speaker that overlap stand in tiers
of their own ("Anna - utterances 2", "Anna - emotion 2"). `media.tier_names` understands
the names.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from emospot.analysis.types import UtteranceFinding
from emospot.media.textgrid_writing import apart, with_length
from emospot.media.tier_names import CONFIDENCE, EMOTION, UTTERANCES, understood
from emospot.media.tiers import Interval


@dataclass(frozen=True, slots=True)
class SpeakerTiers:
    """The tiers of a speaker, side by side: N utterances that do not overlap.

    Args:
        speaker: who speaks.
        names: of the tiers of texts, emotions and confidences.
        utterances: shape (N,), in order of time.
        texts: what is said, "" where that is not known, shape (N,).
        emotions: labels, "unsure" among them, shape (N,).
        confidences: probabilities of the most probable class, shape (N,).
    """

    speaker: str
    names: tuple[str, str, str]
    utterances: tuple[UtteranceFinding, ...]
    texts: tuple[Interval, ...]
    emotions: tuple[Interval, ...]
    confidences: tuple[Interval, ...]


def speaker_tiers(utterances: Sequence[UtteranceFinding]) -> list[SpeakerTiers]:
    """The tiers of all speakers, in the order of their first turn.

    Args:
        utterances: those without times are left out.
    """
    spoken: dict[str, list[tuple[UtteranceFinding, Interval]]] = {}
    for one in utterances:
        if one.start is not None and one.end is not None:
            span = with_length(one.start, one.end, "")
            spoken.setdefault(one.speaker, []).append((one, span))
    return [
        _tiers(speaker, number, [own[place] for place in row])
        for speaker, own in spoken.items()
        for number, row in enumerate(apart([span for _, span in own]), start=1)
    ]


def _tiers(
    speaker: str, number: int, there: Sequence[tuple[UtteranceFinding, Interval]]
) -> SpeakerTiers:
    name = " ".join(speaker.split()) or "speaker"
    again = f" {number}" if number > 1 else ""
    # A speaker who is called "text" or "words" would not be taken for one.
    plain = not again and understood(name) is None
    names = (
        name if plain else f"{name} - {UTTERANCES}{again}",
        f"{name} - {EMOTION}{again}",
        f"{name} - {CONFIDENCE}{again}",
    )

    def row(texts: Sequence[str]) -> tuple[Interval, ...]:
        pairs = zip(there, texts, strict=True)
        return tuple(Interval(span.start, span.end, text) for (_, span), text in pairs)

    return SpeakerTiers(
        speaker,
        names,
        tuple(one for one, _ in there),
        row([one.text or "" for one, _ in there]),
        row([one.emotion for one, _ in there]),
        row([f"{one.confidence:.4f}" for one, _ in there]),
    )
