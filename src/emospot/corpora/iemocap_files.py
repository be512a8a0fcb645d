"""The two text files of an IEMOCAP dialogue.

An evaluation file has a header line that begins with "%", and for each turn a
line with tabs between its parts, followed by a line for each rater:

    [start - end]<tab>TURN<tab>emotion<tab>[valence, activation, dominance]
    C-E2:<tab>Neutral;<tab>(comment)
    C-E4:<tab>Neutral; Frustration;<tab>()
    C-F1:<tab>Neutral;<tab>()
    A-E3:<tab>val 3; act 2; dom 3;<tab>()

Times are seconds. The emotion is the majority of the raters, "xxx" where there
is none. "C" lines name categories (one or more), "A" lines ratings; raters E1,
E2, … watched the recordings, F1 and M1 are the actors themselves. The ratings
in the turn's own line are the raters' means, on a scale from 1 to 5 (a few of
the published means lie half a point outside).

A transcription file has a line for each turn, in turn order:

    TURN [start-end]: words

besides a few that are no turns: words that were not segmented ("M: Yeah."),
and turns that were not evaluated, with XX in their number (Ses03F_impro05_MXX0).

The structure was taken from public descriptions and parsers of the release, e.g.
CXianRen/AMST (Doc/dataset/IEMOCAP.md) and Rongjiehuang/GenerSpeech
(exp/data/IEMOCAP/collect_emotion.py).
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from emospot.corpora.mojibake import repaired
from emospot.errors import CorpusError

EMOTIONS = {
    "neu": "neutral", "hap": "happiness", "sad": "sadness", "ang": "anger", "sur": "surprise",
    "fea": "fear", "dis": "disgust", "fru": "frustration", "exc": "excited", "oth": "other",
    "xxx": None,
}  # fmt: skip
"""Codes of the emotions; "xxx": no majority."""

RATINGS = ("valence", "activation", "dominance")
_CATEGORIES = {name: name for name in EMOTIONS.values() if name} | {"neutral state": "neutral"}

_NUMBER = r"-?\d+(?:\.\d+)?"
_TURN = re.compile(
    rf"\[\s*({_NUMBER})\s*-\s*({_NUMBER})\s*\]\s+(\S+)\s+(\S+)\s+"
    rf"\[\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\]"
)
_RATER = re.compile(r"C-E\w*:\s*([^(]*)")
_SPOKEN = re.compile(rf"(\w+)\s+\[\s*{_NUMBER}\s*-\s*{_NUMBER}\s*\]:\s*(.*)")
_NAME = re.compile(r"Ses\d\d[FM]_\w+_[FM](\d{3}|XX\d+)")


@dataclass(frozen=True, slots=True)
class EvaluatedTurn:
    """What the raters said of a turn.

    Args:
        start: seconds from the start of the recording.
        end: seconds, after `start`.
        emotion: the majority, None where there is none.
        ratings: mean valence, activation and dominance.
        votes: emotion → number of raters who named it (one may name several);
            empty where no rater is listed.
    """

    start: float
    end: float
    emotion: str | None
    ratings: dict[str, float]
    votes: dict[str, float]


def read_evaluation(path: Path) -> dict[str, EvaluatedTurn]:
    """Turn → what the raters said of it.

    Raises:
        CorpusError: if the file is missing, has no turn, a turn twice, or a
            line that begins like a turn and is none.
    """
    turns: dict[str, EvaluatedTurn] = {}
    current = ""
    votes: dict[str, Counter[str]] = {}
    for number, line in enumerate(_lines(path), start=1):
        if line.startswith("["):
            current, turn = _turn(path, number, line)
            if current in turns:
                raise _error(path, number, f"{current} stands twice; unpack the release again")
            turns[current] = turn
        elif (rater := _RATER.match(line)) and current:
            own = votes.setdefault(current, Counter())
            named = (part.strip(" :\t").lower() for part in rater.group(1).split(";"))
            # A category that is not among the ten has no place; there is no other use of it.
            own.update(_CATEGORIES[name] for name in named if name in _CATEGORIES)
    if not turns:
        raise CorpusError(
            f"{path} has no turn: expected lines [start - end] TURN emotion [v, a, d]"
        )
    for name, counted in votes.items():
        turns[name].votes.update({e: float(counted[e]) for e in EMOTIONS.values() if e})
    return turns


def _turn(path: Path, number: int, line: str) -> tuple[str, EvaluatedTurn]:
    match = _TURN.match(line)
    if match is None or not _NAME.fullmatch(match[3]):
        raise _error(
            path, number,
            f'"{line[:60]}" is no turn: expected [start - end] TURN emotion [v, a, d] with tabs '
            "between; unpack the release again",
        )  # fmt: skip
    start, end, name, code = float(match[1]), float(match[2]), match[3], match[4]
    if code not in EMOTIONS:
        raise _error(
            path, number, f'emotion "{code}" of {name} is unknown; expected {", ".join(EMOTIONS)}'
        )
    if not 0 <= start < end:
        raise _error(path, number, f"{name} lasts from {start} to {end} s; the times must ascend")
    ratings = dict(zip(RATINGS, map(float, match.group(5, 6, 7)), strict=True))
    return name, EvaluatedTurn(start, end, EMOTIONS[code], ratings, {})


@dataclass(frozen=True, slots=True)
class Transcription:
    """What was said in a dialogue.

    Args:
        words: turn → words, in turn order.
        others: number of lines that are no turns.
    """

    words: dict[str, str]
    others: int


def read_transcription(path: Path) -> Transcription:
    """The words of each turn.

    Raises:
        CorpusError: if the file is missing, has no turn, a turn twice, or a
            line with a turn's name that cannot be read.
    """
    spoken: dict[str, str] = {}
    others = 0
    for number, line in enumerate(_lines(path), start=1):
        match = _SPOKEN.fullmatch(line)
        name = match[1] if match else line.split(" ", 1)[0]
        if not _NAME.fullmatch(name) or "XX" in name:
            others += bool(line)
        elif match is None:
            raise _error(
                path, number,
                f'"{line[:60]}" is no line TURN [start-end]: words; unpack the release again',
            )  # fmt: skip
        elif name in spoken:
            raise _error(path, number, f"{name} stands twice; unpack the release again")
        else:
            spoken[name] = repaired(match[2].strip())
    if not spoken:
        raise CorpusError(f"{path} has no turn: expected lines TURN [start-end]: words")
    return Transcription(spoken, others)


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CorpusError(f"no file {path}; unpack the release again") from None
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    # ASCII but for single characters of Windows-1252, which never make the file unreadable.
    return [line.strip() for line in repaired(content.decode("latin1")).split("\n")]


def _error(path: Path, line: int, problem: str) -> CorpusError:
    return CorpusError(f"{path}, line {line}: {problem}")
