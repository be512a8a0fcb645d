"""How soon an utterance is answered after it has ended, early and late in a conversation.

The conversation is made of stretches of a recording, each with words, by two speakers in
turn. What is timed begins when the utterance is known to be over and ends with its answer:
features of words and voice, hotspots, and the model. (Voice activity knows it 0.4 s after
the last sound, by default: that silence is no computing.) Models and libraries are loaded
before.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from emospot.bench.analyze import on_cores
from emospot.bench.rounds import Tell
from emospot.errors import UsageError
from emospot.experiments.provenance import provenance

EDGES = (1, 11, 101, 1001, 10001, 100001)
"""Turns at which another row begins."""
TAIL = 95
"""Percentile that is shown beside the median."""


@dataclass(frozen=True, slots=True)
class Turns:
    """What the turns of a part of the conversation cost, in milliseconds.

    Args:
        first: number of the first turn, from 1.
        last: of the last.
        median: of the time from an utterance's end to its answer.
        tail: the 95th percentile of that.
        model: median of what the model alone takes.
        kept: numbers that were kept at the end of the part.
    """

    first: int
    last: int
    median: float
    tail: float
    model: float
    kept: int


@dataclass(frozen=True, slots=True)
class StreamBench:
    """How soon a stream answers.

    Args:
        model: which answers.
        recording: of which the utterances are stretches.
        seconds: length of an utterance.
        threads: cores that were used.
        parts: of the conversation.
        all: the whole of it.
        provenance: versions, hardware, time.
    """

    model: str
    recording: str
    seconds: float
    threads: int
    parts: tuple[Turns, ...]
    all: Turns
    provenance: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dictionaries and numbers."""
        return asdict(self)


def bench_stream(
    recording: Path | None = None,
    transcript: Path | None = None,
    *,
    model: str = "bundled-causal",
    turns: int = 300,
    seconds: float = 3.0,
    threads: int = 1,
    tell: Tell = lambda done, total: None,
) -> StreamBench:
    """Answer a conversation of as many turns, and time each.

    Args:
        recording: None: the bundled conversation.
        transcript: of the recording, whose texts are said in turn.
        model: a causal one.
        turns: of the conversation.
        seconds: length of an utterance.
        threads: cores to use.
        tell: told of each turn.

    Raises:
        UsageError: if the recording is shorter than an utterance.
        EmospotError: if recording, transcript or model cannot be read, or the model cannot
            stream.
    """
    from emospot.analysis.inputs import read_inputs
    from emospot.live.stream import Stream
    from emospot.media.audio import SAMPLE_RATE
    from emospot.media.decode import audio_blocks
    from emospot.sample import sample_files

    if recording is None:
        if transcript is not None:
            raise UsageError("the transcript belongs to a recording: name that, too")
        recording, transcript = sample_files().conversation, sample_files().transcript
    texts: list[str] = []
    if transcript is not None:
        said = read_inputs(recording, transcript).conversation.utterances
        texts = [u.text for u in said if u.text]
    sound = np.concatenate(list(audio_blocks(recording)))
    length = round(seconds * SAMPLE_RATE)
    if len(sound) < length:
        raise UsageError(
            f"{recording.name} lasts {len(sound) / SAMPLE_RATE:.1f} s, an utterance {seconds:g} s"
        )
    # One after the other, from a new place each time round.
    starts = np.arange(turns) * (length + SAMPLE_RATE // 3) % (len(sound) - length + 1)
    total, own, kept = [], [], []
    with on_cores(threads):
        stream = Stream(model, find_utterances=False)
        for number, start in enumerate(starts):
            answer = stream.say(
                texts[number % len(texts)] if texts else None,
                speaker="AB"[number % 2],
                audio=sound[start : start + length],
            )
            total.append(1e3 * answer.seconds)
            own.append(1e3 * answer.seconds_of_model)
            kept.append(stream.kept)
            tell(number + 1, turns)
        name = stream.model.name
    bounds = [*(edge for edge in EDGES if edge <= turns), turns + 1]
    parts = tuple(_turns(first, last - 1, total, own, kept) for first, last in pairwise(bounds))
    whole = _turns(1, turns, total, own, kept)
    return StreamBench(name, recording.name, seconds, threads, parts, whole, provenance())


def _turns(
    first: int, last: int, total: Sequence[float], own: Sequence[float], kept: Sequence[int]
) -> Turns:
    these = slice(first - 1, last)
    return Turns(
        first,
        last,
        float(np.median(total[these])),
        float(np.percentile(total[these], TAIL)),
        float(np.median(own[these])),
        kept[last - 1],
    )
