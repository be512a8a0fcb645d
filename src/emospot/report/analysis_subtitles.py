"""An analysis as subtitles: SubRip (SRT) and WebVTT, a cue an utterance.

    Anna [sadness 57 %]: I miss him.

WebVTT names the speaker in a voice tag that has the emotion's class, with a colour for
each class. What emospot says of the emotion stands in a span of the class "emotion", which
is left out where the file is read as a transcript. What else is known of each cue (id,
probabilities, hotspots) stands in a note before the first one: between cues, and for names
that are no numbers, some readers take it for words.
"""

import re
from collections.abc import Sequence

from emospot.analysis.types import Analysis, UtteranceFinding
from emospot.emotions import UNSURE
from emospot.media.textgrid_writing import SHORTEST
from emospot.report.clock import cue_clock, percent
from emospot.report.hotspot_tiers import hotspot_text
from emospot.report.palette import emotion_styles


def to_srt(analysis: Analysis, _: str | None = None) -> str:
    """SubRip, in order of time."""
    cues = []
    for number, (start, end, one) in enumerate(_timed(analysis), start=1):
        said = f": {one.text}" if one.text else ""
        # The arrow would be taken for the next cue's times.
        text = _line(f"{_felt(one)}{said}").replace("-->", "→")
        cues.append(f"{number}\n{cue_clock(start, ',')} --> {cue_clock(end, ',')}\n{text}\n")
    return "\n".join(cues)


def to_vtt(analysis: Analysis, _: str | None = None) -> str:
    """WebVTT, in order of time."""
    labels = dict.fromkeys((*analysis.model.labels, *(u.emotion for u in analysis.utterances)))
    styles = emotion_styles(labels)
    colours = [f"::cue(.{_class(label)}) {{ color: {styles[label].colour} }}" for label in styles]
    model = f"{analysis.model.name} {analysis.model.version}".strip()
    timed = _timed(analysis)
    known = [f"{number} ({one.id}): {_known(one)}" for number, (*_, one) in enumerate(timed, 1)]
    head = [
        "WEBVTT\n",
        _note([f"{analysis.recording}: emotions by emospot, model {model}"]),
        *(_note([limit]) for limit in analysis.model.limits),
        "STYLE\n" + "\n".join(colours) + "\n",
        _note(["what is known of each cue", *known]),
    ]
    cues = []
    for number, (start, end, one) in enumerate(timed, start=1):
        name = _escaped(_line(one.speaker)) or "speaker"
        said = f":</c> {_escaped(_line(one.text))}" if one.text else "</c>"
        cues.append(
            f"{number}\n{cue_clock(start, '.')} --> {cue_clock(end, '.')}\n"
            f"<v.{_class(one.emotion)} {name}><c.emotion>{_escaped(_line(_felt(one)))}{said}</v>\n"
        )
    return "\n".join([*head, *cues])


def _timed(analysis: Analysis) -> list[tuple[float, float, UtteranceFinding]]:
    timed = [
        (one.start, max(one.end, one.start + SHORTEST), one)
        for one in analysis.utterances
        if one.start is not None and one.end is not None
    ]
    return sorted(timed, key=lambda cue: cue[:2])


def _felt(one: UtteranceFinding) -> str:
    """Who feels what: "Anna [sadness 57 %]"; the likeliest where it is not sure."""
    sure = percent(one.confidence).replace("%", " %")
    if one.emotion != UNSURE:
        return f"{one.speaker} [{one.emotion} {sure}]"
    likeliest = max(one.probabilities, key=lambda k: one.probabilities[k], default="")
    return f"{one.speaker} [{UNSURE}: {likeliest} {sure}]" if likeliest else one.speaker


def _known(one: UtteranceFinding) -> str:
    """Probabilities and hotspots of an utterance."""
    order = sorted(one.probabilities.items(), key=lambda pair: -pair[1])
    parts = [", ".join(f"{label} {probability:.4f}" for label, probability in order)]
    for spot in one.hotspots:
        when = ""
        if spot.start is not None and spot.end is not None:
            when = f" {spot.start:.3f}–{spot.end:.3f} s"
        words = one.words_of(spot)
        what = hotspot_text(words, spot.fired_by, spot.score, used=spot.used_by_model)
        parts.append(f"{spot.modality}{when} {what}")
    return "; ".join(part for part in parts if part)


def _note(lines: Sequence[str]) -> str:
    """A comment; a blank line would end it, and an arrow would make it a cue."""
    return "NOTE " + "\n".join(_escaped(_line(line)) or "-" for line in lines) + "\n"


def _class(label: str) -> str:
    """The label as a name of a class, which may not begin with a digit.

    >>> _class("very sad"), _class("2 (angry)")
    ('very-sad', 'e2-angry-')
    """
    name = re.sub(r"[^\w-]+", "-", label)
    return name if name[:1].isalpha() else f"e{name}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
