"""Who speaks and what is said, from the sound, where no transcript tells it.

    speech (voice activity) ─ turns (voices told apart) ─┐
                            └ words (a recogniser) ──────┴─ utterances

An utterance is a turn between two pauses or changes of speaker. A word belongs to the
turn in whose time it is said; one that is said in no turn was invented by the recogniser,
as silence makes it do, and is left out. Both are estimates, and every analysis that rests on them
says so, with the error that was measured.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.stopwatch import Stopwatch
from emospot.conversation import Conversation
from emospot.conversation.build import UNKNOWN_SPEAKER
from emospot.errors import MissingExtraError, UsageError
from emospot.features.base import Span
from emospot.media.decode import audio_of_spans
from emospot.media.transcript_types import Segment, TimedWord, Transcript
from emospot.recognition.recogniser import Recogniser, load_recogniser, recognise
from emospot.speakers.choice import OFF, SpeakersChoice, speakers_choice
from emospot.speakers.turns import Turn

VOICES = "voices"
TRANSCRIPT = "transcript"

VOICES_SHARE = 0.1
"""Share of the listening that telling voices apart takes, where words are recognised too."""
WRONG_SPEAKER = {"found": 0.24, "given": 0.15}
"""Share of the speech of talks that was given to the wrong speaker, the number of speakers
found or given (docs/speakers.md)."""
WRONG_OF_TWO = 0.05
ONE_VOICE = "only one voice was found; if there are more, give --speakers N"
"""The same in talks of two."""

_SHORTEST = 0.1  # seconds; a shorter piece of a turn is a matter of rounding
_FAR = 0.5  # seconds; by so much voice activity and recognisers may differ about an edge


@dataclass(frozen=True, slots=True)
class Listening:
    """What is asked for where the transcript does not tell.

    Args:
        speakers: who tells them apart.
        recogniser: what recognises words, None for nothing.
        on_share: told how much of it is done, from 0 to 1.
    """

    speakers: SpeakersChoice = OFF
    recogniser: Recogniser | None = None
    on_share: Callable[[float], None] = lambda share: None

    def part(self, begin: float, end: float) -> "Listening":
        """The same as a part of the whole, whose shares run from `begin` to `end`."""
        return replace(self, on_share=lambda share: self.on_share(begin + share * (end - begin)))


@dataclass(frozen=True, slots=True)
class Speakers:
    """Turns, or speakers of utterances, with what is to be said of them.

    Args:
        turns: in order of time.
        known_from: `VOICES`, or "" where speakers were not told apart.
        notices: sentences.
    """

    turns: tuple[Turn, ...]
    known_from: str
    notices: tuple[str, ...]


def listening(
    speakers: str, recogniser: str | Recogniser = "", *, allow_download: bool = False
) -> Listening:
    """What a user has asked for.

    Args:
        speakers: see `speakers_choice`.
        recogniser: KIND:MODEL, a recogniser, or "" for none.
        allow_download: whether a model of the recogniser may be fetched.

    Raises:
        UsageError: if there is no such choice.
        EmospotError: if the recogniser cannot be loaded.
    """
    choice = speakers_choice(speakers)
    if not isinstance(recogniser, str):
        return Listening(choice, recogniser)
    if not recogniser:
        if allow_download:
            raise UsageError("only the model of a recogniser can be downloaded: name one")
        return Listening(choice)
    return Listening(choice, load_recogniser(recogniser, allow_download=allow_download))


def speakers_of_speech(
    recording: Path, spans: Sequence[Span], asked: Listening, watch: Stopwatch
) -> Speakers:
    """Who speaks in spans of speech, which are cut where the speaker changes.

    Args:
        recording: its sound.
        spans: of speech, in order of time.
        asked: who tells speakers apart.
        watch: counts the time.

    Raises:
        EmospotError: if a pipeline that was asked for cannot be used.
    """
    choice = asked.speakers
    untold = tuple((start, end, UNKNOWN_SPEAKER) for start, end in spans)
    if choice.off:
        return Speakers(untold, "", ("speakers are not told apart",))
    if choice.pyannote:
        with watch.stage("speakers"):
            turns = within(_pipeline_turns(recording, choice), spans)
        return Speakers(tuple(turns), VOICES, _estimated(turns, choice))
    from emospot.speakers.diarisation import turns_of_spans

    try:
        with watch.stage("speakers"):
            turns = turns_of_spans(_sounds(recording, spans, asked), spans, choice.number)
    except MissingExtraError as error:
        return Speakers(untold, "", (_not_told(error),))
    return Speakers(tuple(turns), VOICES, _estimated(turns, choice))


def with_speakers(
    conversation: Conversation, asked: Listening, watch: Stopwatch
) -> tuple[Conversation, str, tuple[str, ...]]:
    """Give the utterances of a transcript without speakers those of their sound.

    Args:
        conversation: of one unknown speaker, with media and times.
        asked: who tells speakers apart; not "off".
        watch: counts the time.

    Returns:
        The conversation, where its speakers are known from, and notices.

    Raises:
        EmospotError: as `speakers_of_speech`.
    """
    choice = asked.speakers
    timed = [
        (index, (u.start, u.end))
        for index, u in enumerate(conversation.utterances)
        if u.start is not None and u.end is not None
    ]
    spans = [span for _, span in timed]
    if conversation.media is None or not spans:
        return conversation, "", ()
    from emospot.speakers.diarisation import speakers_by_turns, speakers_of_utterances

    try:
        with watch.stage("speakers"):
            if choice.pyannote:
                turns = _pipeline_turns(conversation.media, choice)
                names = speakers_by_turns(spans, turns)
            else:
                sounds = _sounds(conversation.media, spans, asked)
                names = speakers_of_utterances(sounds, spans, choice.number)
    except MissingExtraError as error:
        if choice.pyannote:
            raise
        return conversation, "", (_not_told(error),)
    told = {index: name for (index, _), name in zip(timed, names, strict=True) if name}
    utterances = tuple(
        replace(u, speaker=told.get(index, UNKNOWN_SPEAKER))
        for index, u in enumerate(conversation.utterances)
    )
    found = [(*span, name) for span, name in zip(spans, names, strict=True) if name]
    return replace(conversation, utterances=utterances), VOICES, _estimated(found, choice)


def words_of_speech(
    recording: Path,
    turns: Sequence[Turn],
    spans: Sequence[Span],
    asked: Listening,
    watch: Stopwatch,
) -> tuple[Transcript, str]:
    """What is said in a recording, by turns.

    Args:
        recording: its sound.
        turns: who speaks when, in order of time.
        spans: where somebody speaks.
        asked: with a recogniser.
        watch: counts the time.

    Returns:
        A transcript, with a notice that tells the language, and one of the words that
        were left out; and the recogniser's name.

    Raises:
        UsageError: if no recogniser is asked for.
        EmospotError: if the recording cannot be read.
    """
    if asked.recogniser is None:
        raise UsageError("no recogniser was asked for")
    with watch.stage("recognition"):
        found = recognise(recording, spans, asked.recogniser, on_share=asked.on_share)
    segments = segments_of(turns, found.words)
    language = f'in "{found.language}", ' if found.language else ""
    said = sum(len(segment.words) for segment in segments)
    notices = [
        f"{said} words were recognised {language}by {found.recogniser}: what it misheard is "
        "read as if it had been said"
    ]
    if invented := len(found.words) - said:
        notices.append(
            f"{invented} more recognised words were left out, as nobody speaks at their time: "
            "recognisers invent words in silence"
        )
    return Transcript(tuple(segments), tuple(notices)), found.recogniser


def segments_of(turns: Sequence[Turn], words: Sequence[TimedWord]) -> list[Segment]:
    """Turns with the words that are said in them.

    Args:
        turns: in order of time.
        words: in order of time, texts with the blanks before them. One that is said
            more than half a second from any turn is left out.

    >>> turns = [(0.0, 1.0, "Ann"), (1.0, 2.0, "Ben")]
    >>> words = [TimedWord(0.2, 0.9, " Oh"), TimedWord(0.9, 1.4, " no.")]
    >>> [(s.speaker, s.text) for s in segments_of(turns, words)]
    [('Ann', 'Oh'), ('Ben', 'no.')]
    """
    said: dict[int, list[TimedWord]] = {}
    first = 0
    for word in words:
        middle = (word.start + word.end) / 2
        while first < len(turns) and turns[first][1] + _FAR < middle:
            first += 1
        near = []
        for i in range(max(0, first - 1), len(turns)):
            if i > first and turns[i][0] > middle + _FAR:
                break
            near.append((max(turns[i][0] - middle, middle - turns[i][1], 0.0), i))
        if not near:
            continue
        _, index = min(near)
        # Recognisers draw words out over pauses: the middle may be far and the word not.
        if turns[index][0] - word.end <= _FAR and word.start - turns[index][1] <= _FAR:
            said.setdefault(index, []).append(word)
    return sorted(
        (_segment(turn, said.get(index, [])) for index, turn in enumerate(turns)),
        key=lambda segment: segment.start or 0.0,
    )


def within(turns: Sequence[Turn], spans: Sequence[Span]) -> list[Turn]:
    """The parts of turns that lie in spans; a span without any goes to the last speaker.

    >>> within([(0.0, 3.0, "Ann"), (2.5, 6.0, "Ben")], [(1.0, 2.0), (2.2, 4.0)])
    [(1.0, 2.0, 'Ann'), (2.2, 3.0, 'Ann'), (2.5, 4.0, 'Ben')]
    """
    found: list[Turn] = []
    for start, end in spans:
        parts = [
            (max(start, begun), min(end, ended), speaker)
            for begun, ended, speaker in turns
            if min(end, ended) - max(start, begun) >= _SHORTEST
        ]
        last = found[-1][2] if found else (turns[0][2] if turns else UNKNOWN_SPEAKER)
        found += parts or [(start, end, last)]
    return found


def _segment(turn: Turn, words: Sequence[TimedWord]) -> Segment:
    start, end, speaker = turn
    if words:
        start, end = min(start, words[0].start), max(end, *(word.end for word in words))
    text = " ".join("".join(word.text for word in words).split())
    name = None if speaker == UNKNOWN_SPEAKER else speaker
    return Segment(name, start, end, text, tuple(words))


def _sounds(
    recording: Path, spans: Sequence[Span], asked: Listening
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    last = max(end for _, end in spans)
    for index, audio in audio_of_spans(recording, spans):
        yield index, audio
        asked.on_share(min(1.0, spans[index][1] / last) if last > 0 else 1.0)


def _pipeline_turns(recording: Path, choice: SpeakersChoice) -> list[Turn]:
    from emospot.speakers.pyannote_pipeline import load_pipeline, turns_by_pipeline

    return turns_by_pipeline(load_pipeline(choice.pyannote), recording, choice.number)


def _estimated(turns: Sequence[Turn], choice: SpeakersChoice) -> tuple[str, ...]:
    found = len({speaker for _, _, speaker in turns})
    short: tuple[str, ...] = ()
    if choice.number is not None and found < choice.number:
        short = (f"{choice.number} speakers were asked for, and {found} could be told apart",)
    if found == 1:
        # Nobody was told from anybody, so there is no share of speech that went wrong.
        return (ONE_VOICE,) if choice.number is None else short
    if choice.pyannote:
        how = "by a pipeline of pyannote: who speaks is an estimate"
    else:
        wrong = WRONG_SPEAKER["found" if choice.number is None else "given"]
        how = (
            f"by the voices: who speaks is an estimate (in acted, emotional talks "
            f"{WRONG_OF_TWO:.0%} of the speech of two went to the wrong one, {wrong:.0%} of that "
            "of one to six; docs/speakers.md)"
        )
    return (f"{found} speakers were told apart {how}", *short)


def _not_told(error: MissingExtraError) -> str:
    return f"speakers are not told apart: {error}"
