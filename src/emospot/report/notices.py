"""What a reader must know before believing anything on the page.

In this order: the warnings of the analysis, speakers and words that are estimates,
utterances of which nothing was read, how much is unsure; then, folded under one line that
says what is in it, what the model may be used for and where it fails, modalities that are
absent (with the reason, which names the extra that would bring them), modalities that were
measured but not used.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from emospot.analysis.types import Analysis
from emospot.conversation import WORDS
from emospot.emotions import UNSURE
from emospot.report.modalities import (
    hotspot_use,
    hotspots_of,
    modality_chip,
    modality_names,
    read_nothing,
)
from emospot.report.thresholds import thresholds_said

Kind = Literal["warning", "absent", "unused", "use", "estimated", "unsure", "unread"]
FOLDED = ("use", "absent", "unused")
"""Kinds that stand under one line."""

FILE_NAME_FIRST = re.compile(r"[^:,]*\.\w+[:,]")
"""A notice about a file: its name, then a colon or the place in it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence or two, what kind of thing they tell, and of which modality if of one."""

    kind: Kind
    text: str
    modality: str = ""

    @property
    def folded(self) -> bool:
        """Whether it stands under one line with others."""
        return self.kind in FOLDED


def notices(analysis: Analysis) -> list[Notice]:
    """All notices of an analysis, each sentence once."""
    found = [Notice("warning", warning) for warning in analysis.warnings]
    found += _estimated(analysis)
    found += _unanswered(analysis)
    use = " ".join(sentence(text) for text in (analysis.model.licence, *analysis.model.limits))
    found += [Notice("use", use.strip())] if use.strip() else []
    for modality in modality_names(analysis):
        found += _absent(analysis, modality)
    for modality in modality_names(analysis):
        found += _unused(analysis, modality)
    return list(dict.fromkeys(found))


def unsure_count(analysis: Analysis) -> int:
    """How many utterances were read and have no sure answer."""
    return sum(u.emotion == UNSURE and not read_nothing(u) for u in analysis.utterances)


def unread_count(analysis: Analysis) -> int:
    """Of how many utterances the model read nothing."""
    return sum(map(read_nothing, analysis.utterances))


def folded_said(found: Sequence[Notice]) -> str:
    """What the folded ones of some notices are about, in one line.

    >>> folded_said([Notice("use", "…"), Notice("absent", "…", "face")])
    'Use and limits; not measured: face'
    """
    parts = ["Use and limits"] if any(notice.kind == "use" for notice in found) else []
    for kind, name in (("absent", "not measured"), ("unused", "not used")):
        about = dict.fromkeys(notice.modality for notice in found if notice.kind == kind)
        parts += [f"{name}: {', '.join(about)}"] if about else []
    said = "; ".join(parts)
    return said[:1].upper() + said[1:]


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop; a file name stays as it is.

    >>> sentence("no face seen"), sentence("Is it?"), sentence("")
    ('No face seen.', 'Is it?', '')
    >>> sentence("my talk.srt, line 2: ends before it starts")
    'my talk.srt, line 2: ends before it starts.'
    """
    text = text.strip()
    end = "" if not text or text[-1] in ".!?" else "."
    if FILE_NAME_FIRST.match(text):
        return text + end
    return text[:1].upper() + text[1:] + end


def _estimated(analysis: Analysis) -> list[Notice]:
    found = []
    # Of one voice nobody was told from another; a warning of the analysis says what to do.
    if analysis.speakers_from == "voices" and len({u.speaker for u in analysis.utterances}) > 1:
        text = "Speakers were told apart by the sound of their voices: who speaks may be wrong."
        found.append(Notice("estimated", text))
    if analysis.words_from not in ("", "transcript"):
        text = f"Words were recognised by {analysis.words_from}: they may be wrong."
        found.append(Notice("estimated", text))
    return found


def _unanswered(analysis: Analysis) -> list[Notice]:
    total, found = len(analysis.utterances), []
    if unread := unread_count(analysis):
        what = "the one utterance" if total == 1 else f"{unread:,} of {total:,} utterances"
        found.append(Notice("unread", f"The model read nothing of {what}: no answer is given."))
    if unsure := unsure_count(analysis):
        are = "is" if unsure == 1 else "are"
        share = f"{unsure:,} of {total:,} utterances {are}"
        share = "The one utterance is" if total == 1 else share
        least = thresholds_said(analysis)
        found.append(Notice("unsure", f"{share} unsure: no class reached {least}."))
    return found


def _absent(analysis: Analysis, modality: str) -> list[Notice]:
    chips = [
        modality_chip(modality, utterance.modalities[modality])
        for utterance in analysis.utterances
        if modality in utterance.modalities
    ]
    reasons = Counter(chip.reason for chip in chips if chip.state == "absent")
    total = len(analysis.utterances)
    are = "are" if modality == WORDS else "is"
    found = []
    for reason, count in reasons.most_common():
        if count == total and f"{modality} missing: {reason}" in analysis.warnings:
            continue  # said already
        where = "" if count == total else f" in {count:,} of {total:,} utterances"
        text = sentence(f"{modality} {are} absent{where}: {reason}")
        found.append(Notice("absent", text, modality))
    return found


def _unused(analysis: Analysis, modality: str) -> list[Notice]:
    findings = [u.modalities[modality] for u in analysis.utterances if modality in u.modalities]
    measured = [finding for finding in findings if finding.present]
    unread = [finding for finding in measured if not finding.used_by_model]
    if unread:
        reason = next((finding.reason for finding in unread if finding.reason), "")
        why = f" ({reason})" if reason else ""
        was, it = ("were", "them") if modality == WORDS else ("was", "it")
        text = f"{modality} {was} measured, but this model does not use {it}{why}"
        return [Notice("unused", sentence(text) + _outlined(analysis, modality), modality)]
    if measured and hotspot_use(analysis, modality) in ("not used", "partly used"):
        text = f"the model reads {modality}, but not at the grain of its hotspots"
        return [Notice("unused", sentence(text) + _outlined(analysis, modality), modality)]
    return []


def _outlined(analysis: Analysis, modality: str) -> str:
    count = sum(not spot.used_by_model for spot in hotspots_of(analysis, modality))
    if not count:
        return ""
    one, many = "hotspot is drawn as an outline", "hotspots are drawn as outlines"
    drawn = one if count == 1 else many
    return f" {count:,} {modality} {drawn}: measured, no reason for an emotion."
