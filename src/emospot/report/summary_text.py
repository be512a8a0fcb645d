"""The analysis in a few lines of text, for a terminal."""

from collections.abc import Sequence

from emospot.analysis.types import HotspotFinding, UtteranceFinding
from emospot.report.clock import clock


def summary_lines(utterances: Sequence[UtteranceFinding]) -> list[str]:
    """A line an utterance: time, speaker, emotion, confidence, strongest hotspot."""
    width = max((len(u.speaker) for u in utterances), default=0)
    return [_line(u, width) for u in utterances]


def _line(utterance: UtteranceFinding, width: int) -> str:
    when = clock(utterance.start) if utterance.start is not None else "  –  "
    line = (
        f"{when}  {utterance.speaker:<{width}}  {utterance.emotion:<12} "
        f"{utterance.confidence:4.0%}"
    )
    if not utterance.hotspots:
        return line
    strongest = max(utterance.hotspots, key=lambda h: h.score)
    return f"{line}  {_evidence(strongest, utterance.text)}"


def _evidence(hotspot: HotspotFinding, text: str | None) -> str:
    what = hotspot.fired_by
    if text and hotspot.char_start is not None:
        what = f"“{text[hotspot.char_start : hotspot.char_end]}”"
    used = "" if hotspot.used_by_model else ", measured, not used"
    return f"{hotspot.modality}: {what} ({hotspot.score:.2f}{used})"
