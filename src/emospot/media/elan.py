"""ELAN annotations (.eaf) as a transcript.

Tiers without a parent tier hold the utterances; the PARTICIPANT attribute, or
else the tier's name, is the speaker. A child tier whose name or type says
"word" gives word times. Other child tiers (translations, glosses) are skipped,
and so are tiers of emotions, confidences and hotspots (`tier_names`).
"""

from emospot.errors import TranscriptError
from emospot.media.elan_document import ElanDocument, ElanTier, read_elan_document
from emospot.media.tier_names import understood
from emospot.media.tiers import NOT_SPOKEN, Tier, segments_of_tiers
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
    document = read_elan_document(content, notices.path)
    tiers = [tier for one in document.tiers for tier in _tier(one, document)]
    segments = segments_of_tiers(tiers, notices)
    if not segments:
        raise TranscriptError(
            f"{notices.path}: holds no annotation with a text and times of its own"
        )
    return segments


def _tier(tier: ElanTier, document: ElanDocument) -> list[Tier]:
    """The tier as far as it is used: utterances or words."""
    named = understood(tier.name, tier.kind)
    is_words = "word" in f"{tier.name} {tier.kind}".lower()
    if tier.refers or (named is not None and named.role in NOT_SPOKEN):
        return []
    if tier.parent and not is_words:
        return []
    # Words meet their utterances under the name and speaker of the topmost tier.
    top = document.topmost(tier)
    return [Tier(top.name, tier.intervals, top.participant, holds_words=bool(tier.parent))]
