"""An analysis, or the hotspots alone, in a few lines of text, for a terminal."""

from collections.abc import Sequence

from emospot.analysis.spot import RecordingHotspots, words_of
from emospot.analysis.types import HotspotFinding, UtteranceFinding
from emospot.conversation import Hotspot, Utterance
from emospot.report.clock import clock, hundredths


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


def hotspot_lines(found: RecordingHotspots) -> list[str]:
    """A line a hotspot: when, where, how strong, what fired, who spoke and which words."""
    moments = found.moments()
    if not moments:
        return ["no hotspot was found"]
    fired = max(len(hotspot.fired_by) for _, hotspot in moments)
    speaker = max(len(utterance.speaker) for utterance, _ in moments)
    return [
        f"{_when(hotspot):<17}  {hotspot.modality:<5}  {hundredths(hotspot.score)}  "
        f"{hotspot.fired_by:<{fired}}  {utterance.speaker:<{speaker}}  "
        f"{_words(utterance, hotspot)}".rstrip()
        for utterance, hotspot in moments
    ]


def _when(hotspot: Hotspot) -> str:
    if hotspot.start is None or hotspot.end is None:
        return "–"
    return f"{clock(hotspot.start)} – {clock(hotspot.end)}"


def _words(utterance: Utterance, hotspot: Hotspot) -> str:
    words = words_of(utterance, hotspot)
    return f"“{' '.join(words.split())}”" if words else ""
