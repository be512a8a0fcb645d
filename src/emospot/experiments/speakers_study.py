"""How well voices are told apart, where it is known who speaks when.

On talks with exact truth: the diarisation error rate with its three parts, with and
without a collar, where the number of speakers is to be found out, where it is given, and
where everybody is taken for one person (what remains is the error of voice activity).
The threshold of the number of speakers is chosen on other people's talks: the least
confusion, each number of speakers counting the same.

On real dialogues of two of which one embedding an utterance is known: the time of
utterances that are given to the wrong one.

Intervals are bootstraps over talks (dialogues). People occur in several of them, so they
tell of these people.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emospot.corpora.ravdess_talks import Talk
from emospot.corpora.speaker_truths import (
    VoicedDialogue,
    talks_for_figures,
    talks_for_thresholds,
    voiced_dialogues,
)
from emospot.evaluation.diarisation import DiarisationErrors, diarisation_errors
from emospot.evaluation.ratios import ratio
from emospot.experiments.provenance import provenance
from emospot.experiments.results_file import short
from emospot.features.base import Span
from emospot.features.voice_ge2e import Ge2eVoice
from emospot.media.audio import SAMPLE_RATE
from emospot.processes import one_thread
from emospot.speakers.diarisation import turns_of_windows
from emospot.speakers.turns import Turn, named_in_order
from emospot.speakers.voice_activity import speech_spans
from emospot.speakers.voice_clusters import COHESION, directions
from emospot.speakers.voice_windows import VoiceWindows, voice_windows

KIND = "speakers"
FORMAT_VERSION = 1
COLLARS = (0.25, 0.0)
THRESHOLDS = (0.79, 0.80, 0.81, 0.82, 0.83, 0.84)
FOUND, GIVEN, ONE = "number found", "number given", "all as one"
WAYS = (FOUND, GIVEN, ONE)
PARTS = ("der", "confusion", "miss", "false_alarm")

Heard = tuple[list[Span], VoiceWindows]


def run_speakers(
    data: Path, *, tell: Callable[[str], None] = lambda stage: None
) -> dict[str, Any]:
    """Measure.

    Args:
        data: the folder that EMOSPOT_DATA names.
        tell: told what has been done.

    Raises:
        CorpusError: if the data are not there.
        MissingExtraError: if voices cannot be embedded.
    """
    encoder = Ge2eVoice()
    fitted = _fit(talks_for_thresholds(data), encoder, tell)
    measured = [_measured(talk, encoder, tell) for talk in talks_for_figures(data)]
    dialogues = [_of_dialogue(one) for one in voiced_dialogues(data)]
    tell("dialogues")
    results: dict[str, Any] = short(
        {
            "format_version": FORMAT_VERSION,
            "kind": KIND,
            "title": "Voices told apart, where it is known who speaks when",
            "command": "emospot speakers benchmark --out OUT",
            "cohesion": COHESION,
            "fit": fitted,
            "summary": summary_of(measured),
            "counts": counts_of(measured),
            "dialogues": _summary_of_dialogues(dialogues),
            "talks": measured,
            "provenance": provenance(),
        },
        digits=4,
    )
    return results


def heard(talk: Talk, encoder: Ge2eVoice) -> Heard:
    """Where somebody speaks in a talk, and how it sounds from moment to moment."""
    spans = speech_spans([talk.audio])
    sounds = (
        (index, talk.audio[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)])
        for index, (start, end) in enumerate(spans)
    )
    with one_thread():
        return spans, voice_windows(sounds, spans, encoder)


def _fit(
    talks: Iterable[Talk], encoder: Ge2eVoice, tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    """What each threshold gives on the talks for choosing."""
    rows = {threshold: list[tuple[int, float, bool]]() for threshold in THRESHOLDS}
    for talk in talks:
        spans, windows = heard(talk, encoder)
        for threshold, own in rows.items():
            turns = turns_of_windows(windows, spans, cohesion=threshold)
            errors = diarisation_errors(talk.turns, turns)
            right = _voices(turns) == talk.speakers
            own.append((talk.speakers, errors.confusion / errors.speech, right))
        tell(f"for choosing: {talk.name}")
    found = []
    for threshold, own in rows.items():
        counts = sorted({count for count, _, _ in own})
        means = [np.mean([share for n, share, _ in own if n == count]) for count in counts]
        found.append(
            {
                "cohesion": threshold,
                "confusion": float(np.mean(means)),
                "right_number": float(np.mean([right for _, _, right in own])),
                "talks": len(own),
            }
        )
    return found


def _measured(talk: Talk, encoder: Ge2eVoice, tell: Callable[[str], None]) -> dict[str, Any]:
    """What was found in one talk, and how wrong it is."""
    spans, windows = heard(talk, encoder)
    ways = {
        FOUND: turns_of_windows(windows, spans),
        GIVEN: turns_of_windows(windows, spans, talk.speakers),
        ONE: [(start, end, "speaker 1") for start, end in spans],
    }
    tell(talk.name)
    return {
        "name": talk.name,
        "speakers": talk.speakers,
        "mixed": talk.mixed,
        "noisy": talk.noisy,
        "found": _voices(ways[FOUND]),
        "errors": {
            way: {f"{collar:g}": _plain(diarisation_errors(talk.turns, turns, collar=collar))
                  for collar in COLLARS}
            for way, turns in ways.items()
        },
    }  # fmt: skip


def summary_of(measured: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The figures of groups of talks with their 95 % intervals."""
    rows = []
    for name, own in _groups(measured).items():
        for way in WAYS:
            for collar in COLLARS:
                errors = [talk["errors"][way][f"{collar:g}"] for talk in own]
                rows.append(
                    {"group": name, "way": way, "collar": collar, "talks": len(own)}
                    | {part: _interval(errors, part) for part in PARTS}
                )
    return rows


def counts_of(measured: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """How many speakers there were → how many were found → in how many talks."""
    pairs = Counter((talk["speakers"], talk["found"]) for talk in measured)
    return {
        str(true): {str(f): n for (t, f), n in sorted(pairs.items()) if t == true}
        for true in sorted({true for true, _ in pairs})
    }


def _groups(measured: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    several = [talk for talk in measured if talk["speakers"] > 1]
    groups = {"all": list(measured)}
    for count in sorted({talk["speakers"] for talk in measured}):
        own = [talk for talk in measured if talk["speakers"] == count]
        groups[f"{count} speaker{'s' if count > 1 else ''}"] = own
    groups["women and men"] = [talk for talk in several if talk["mixed"]]
    groups["one sex"] = [talk for talk in several if not talk["mixed"]]
    groups["with noise"] = [talk for talk in measured if talk["noisy"]]
    groups["without noise"] = [talk for talk in measured if not talk["noisy"]]
    return {name: own for name, own in groups.items() if own}


def _interval(errors: Sequence[Mapping[str, float]], part: str) -> list[float]:
    """The value and the limits of a share of the speech, over talks."""
    wrong = [e["miss"] + e["false_alarm"] + e["confusion"] if part == "der" else e[part]
             for e in errors]  # fmt: skip
    found = ratio(np.array([wrong, [e["speech"] for e in errors]], dtype=np.float64).T)
    return [found.value, found.low, found.high]


def _of_dialogue(dialogue: VoicedDialogue) -> dict[str, Any]:
    """How much of a dialogue's time is given to the wrong speaker."""
    speakers = len({speaker for _, _, speaker in dialogue.turns})
    # One after the other: utterances overlap, and each is asked about by itself.
    ends = np.cumsum([end - start for start, end, _ in dialogue.turns])
    lengths = np.diff(ends, prepend=0.0)
    true = [
        (float(end - length), float(end), speaker)
        for end, length, (_, _, speaker) in zip(ends, lengths, dialogue.turns, strict=True)
    ]
    found: dict[str, Any] = {"speakers": speakers}
    for way, number in ((FOUND, None), (GIVEN, speakers), (ONE, 1)):
        voices = directions(dialogue.embeddings, number)
        nearest = (dialogue.embeddings @ voices.T).argmax(axis=1)
        names = named_in_order(nearest.tolist())
        found[way] = _plain(diarisation_errors(true, [
            (start, end, name) for (start, end, _), name in zip(true, names, strict=True)
        ]))  # fmt: skip
        found[f"{way}: voices"] = len(set(names))
    return found


def _summary_of_dialogues(dialogues: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found = Counter(one[f"{FOUND}: voices"] for one in dialogues)
    return {
        "dialogues": len(dialogues),
        "found": {str(number): count for number, count in sorted(found.items())},
        **{way: _interval([one[way] for one in dialogues], "confusion") for way in WAYS},
    }


def _plain(errors: DiarisationErrors) -> dict[str, float]:
    return {
        "miss": errors.miss,
        "false_alarm": errors.false_alarm,
        "confusion": errors.confusion,
        "speech": errors.speech,
    }


def _voices(turns: Sequence[Turn]) -> int:
    return len({speaker for _, _, speaker in turns})
