"""An analysis, or the hotspots alone, in a few lines of text, for a terminal.

Of an utterance's hotspots the one is named that counted most for the answer, with the
probability that would be left without it; where none did, the strongest. Where the model
read nothing of an utterance, no class is named.
"""

from collections.abc import Sequence

from emospot.analysis.spot import RecordingHotspots, words_of
from emospot.analysis.types import HotspotFinding, UtteranceFinding
from emospot.conversation import Hotspot, Utterance
from emospot.report.clock import clock, hundredths
from emospot.report.modalities import NOTHING_READ, read_nothing

LEAST_EFFECT = 0.01
"""Of a hotspot from which on it counts."""


def summary_lines(utterances: Sequence[UtteranceFinding]) -> list[str]:
    """A line an utterance: time, speaker, emotion, confidence, and one hotspot."""
    width = max((len(u.speaker) for u in utterances), default=0)
    return [_line(u, width) for u in utterances]


def _line(utterance: UtteranceFinding, width: int) -> str:
    when = clock(utterance.start) if utterance.start is not None else "  –  "
    said = f"{utterance.emotion:<12} {utterance.confidence:4.0%}"
    if read_nothing(utterance):
        said = f"{NOTHING_READ:<{len(said)}}"
    line = f"{when}  {utterance.speaker:<{width}}  {said}"
    if not utterance.hotspots:
        return line.rstrip()
    return f"{line}  {_evidence(utterance, _telling(utterance.hotspots))}"


def _telling(hotspots: Sequence[HotspotFinding]) -> HotspotFinding:
    """The hotspot that counted most, or the strongest."""
    most = max(hotspots, key=lambda h: h.effect or 0.0)
    return most if _counts(most) else max(hotspots, key=lambda h: h.score)


def _counts(hotspot: HotspotFinding) -> bool:
    return hotspot.effect is not None and hotspot.effect >= LEAST_EFFECT


def _evidence(utterance: UtteranceFinding, hotspot: HotspotFinding) -> str:
    words = utterance.words_of(hotspot)
    what = hotspot.fired_by if words is None else f"“{words}”"
    said = f"{hotspot.score:.2f}"
    if not hotspot.used_by_model:
        said += ", measured, not used"
    elif hotspot.effect is not None and _counts(hotspot):
        said += f", without it {max(0.0, utterance.confidence - hotspot.effect):.0%}"
    return f"{hotspot.modality}: {what} ({said})"


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
