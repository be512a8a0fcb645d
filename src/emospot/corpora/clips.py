"""Corpora with one clip an utterance: a conversation that was cut into files.

Each clip is read by itself, and its tokens are moved to where the utterance
stands in the conversation: the store knows one clock a conversation. Utterances
without times are laid end to end, each as long as its clip. Hotspots are found
in the whole conversation afterwards, as what is loud for a speaker shows only
beside what else they said.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.corpora.measuring import (
    Instruments,
    Readings,
    Sequences,
    assemble,
    measure_face,
    measure_voice,
    or_absent,
)
from emospot.errors import MediaError
from emospot.features.store import StoredConversation


def measure_clips(
    conversation: Conversation,
    clips: Sequence[Path | None],
    by: Instruments,
    given: Sequences | None = None,
    unreadable: list[str] | None = None,
    notices: list[str] | None = None,
) -> StoredConversation:
    """Measure a conversation whose utterances are files of their own.

    Args:
        conversation: U utterances, with or without times.
        clips: the recording of each utterance, shape (U,), or None.
        by: the instruments; `duration` is needed.
        given: modality → ready-made tokens of each utterance, shape (U,).
        unreadable: where a list is given, a clip that cannot be read is noted
            in it and its utterance has neither voice nor face; else it is an
            error.
        notices: as in `measuring.measure`.

    Raises:
        MediaError: if a clip cannot be read and `unreadable` is None.
        MissingExtraError: if an extractor's packages are not installed.
    """
    utterances: list[Utterance] = []
    voice, face = Readings([]), Readings([])
    clock = 0.0
    for utterance, clip in zip(conversation.utterances, clips, strict=True):
        seconds = or_absent(partial(_seconds, clip, by), unreadable)
        heard, seen = None, None
        if seconds is not None:
            if utterance.start is None:
                utterance = replace(utterance, start=clock, end=clock + seconds)
            own = replace(utterance, start=0.0, end=seconds)
            alone = Conversation(conversation.id, (own,), media=clip)
            heard = or_absent(partial(measure_voice, alone, by), unreadable)
            seen = or_absent(partial(measure_face, alone, by), unreadable)
        shift = utterance.start or 0.0
        _append(voice, heard, shift)
        _append(face, seen, shift)
        utterances.append(utterance)
        clock = max(clock, utterance.end or 0.0)
    timed = replace(conversation, utterances=tuple(utterances))
    if notices is not None:
        notices += face.notices()
    return assemble(timed, by, given, voice, face)


def _seconds(clip: Path | None, by: Instruments) -> float | None:
    """How long a clip is, None where nothing of it will be read."""
    if clip is None or by.duration is None:
        return None
    seconds = by.duration(clip)
    if seconds <= 0:
        raise MediaError(f"{clip} is a recording of {seconds:g} s: get the clip again")
    return seconds


def _append(whole: Readings, clip: Readings | None, shift: float) -> None:
    """Add what was measured of one clip, moved to where it stands; None: nothing was."""
    before = len(whole.features)
    if clip is not None and clip.unclear:
        whole.unclear.add(before)
    whole.features.append(_moved(clip.features[0], shift) if clip else None)
    for name in clip.read if clip else ():
        whole.read.setdefault(name, [None] * before)
    for name, read in whole.read.items():
        read.append(_moved(clip.read[name][0], shift) if clip else None)


def _moved(tokens: Tokens | None, seconds: float) -> Tokens | None:
    if tokens is None or tokens.times is None:
        return tokens
    return replace(tokens, times=tokens.times + seconds)
