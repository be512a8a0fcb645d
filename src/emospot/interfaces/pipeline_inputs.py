"""What a pipeline is given, as the files that an analysis reads.

    "talk.mp4"                                           a recording, or a transcript
    {"path": "talk.mp4", "transcript": "talk.srt"}       both
    {"raw": array, "sampling_rate": 44100}               sound in memory, "array" for "raw"
    {"raw": …, "sampling_rate": …, "text": "Oh no!"}     one utterance
    {"raw": …, "sampling_rate": …, "turns": [turn, …]}   "utterances" or "chunks" for "turns"
    [turn, turn, …]                                      the words alone

A turn is {"speaker", "text", "start", "end", "words"}, of which `text` or a time is enough;
"timestamp": (start, end), as speech recognisers write it, stands for the times. Sound in
memory is written as a file and decoded as any recording is, so that it is resampled and
mixed by the same code and gives the same answers.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.errors import MediaError, TranscriptError, UsageError

SOUND = ("raw", "array")
TURNS = ("turns", "utterances", "chunks")
OF_A_TURN = ("speaker", "text", "start", "end", "timestamp", "words")
_RATES = (1_000, 768_000)
_LOUDEST = 2.0  # resampling overshoots a little; more is not in [-1, 1]


@dataclass(frozen=True, slots=True)
class Files:
    """What `analyze` is given.

    Args:
        recording: media, or a transcript by itself.
        transcript: of the recording, or None.
    """

    recording: Path
    transcript: Path | None = None


def is_turn(value: object) -> bool:
    """Whether a value is a turn, not a conversation by itself."""
    if not isinstance(value, Mapping):
        return False
    return not {*SOUND, *TURNS, "path"} & value.keys()


def is_conversation_of_turns(inputs: object) -> bool:
    """Whether a list is one conversation, turn by turn, and not several conversations.

    >>> is_conversation_of_turns([{"text": "Hi"}]), is_conversation_of_turns(["a.wav"])
    (True, False)
    """
    return isinstance(inputs, list | tuple) and bool(inputs) and all(map(is_turn, inputs))


def files_of(conversation: object, folder: Path) -> Files:
    """The files of one conversation.

    Args:
        conversation: see the module.
        folder: where what is in memory is written.

    Raises:
        UsageError: if it is nothing that can be analysed.
        MediaError: if the sound is malformed.
        TranscriptError: if a turn is malformed.
    """
    if isinstance(conversation, str | Path):
        return _of_path(conversation)
    if is_turn(conversation):
        conversation = [conversation]
    if isinstance(conversation, Mapping):
        return _of_mapping(conversation, folder)
    if isinstance(conversation, list | tuple):
        return Files(write_turns(conversation, folder / "conversation.json"))
    if isinstance(conversation, np.ndarray):
        raise UsageError(
            'an array by itself does not say its rate: give {"raw": array, "sampling_rate": 16000}'
        )
    raise UsageError(
        f"found a {type(conversation).__name__}: expected a path, a list of turns "
        '[{"speaker": …, "text": …}], or {"raw": array, "sampling_rate": …}'
    )


def write_sound(samples: Any, rate: Any, path: Path) -> float:
    """Write sound as a WAV file in single precision, at its own rate.

    Args:
        samples: shape (n,) or (channels, n); floats in [-1, 1], or 16- or 32-bit integers.
        rate: samples a second.
        path: the file.

    Returns:
        Its seconds.

    Raises:
        MediaError: if the samples are of another shape or kind, empty or not finite, or
            the rate is none.
    """
    from scipy.io import wavfile

    whole = not isinstance(rate, bool) and isinstance(rate, int | float | np.number)
    if not whole or not _RATES[0] <= rate <= _RATES[1] or int(rate) != rate:
        raise MediaError(
            f'"sampling_rate" is {rate!r}: expected samples a second as a whole number, e.g. 44100'
        )
    sound = _floats(samples)
    wavfile.write(path, int(rate), sound.T if sound.ndim == 2 else sound)
    return float(sound.shape[-1] / rate)


def write_turns(turns: Sequence[Any], path: Path, lasting: float | None = None) -> Path:
    """Write turns as a JSON transcript.

    Args:
        turns: see the module.
        path: the file.
        lasting: seconds of the recording; a single turn without times lasts so long.

    Raises:
        TranscriptError: if one is no turn.
    """
    plain = [_turn(turn, number) for number, turn in enumerate(turns)]
    if lasting is not None and len(plain) == 1 and "start" not in plain[0]:
        plain[0] |= {"start": 0.0, "end": lasting}
    path.write_text(json.dumps({"utterances": plain}, ensure_ascii=False), encoding="utf-8")
    return path


def _of_path(path: str | Path) -> Files:
    if not Path(path).is_file():
        raise UsageError(
            f'there is no file "{path}"; a text is given as [{{"speaker": "Anna", "text": …}}]'
        )
    return Files(Path(path))


def _of_mapping(conversation: Mapping[str, Any], folder: Path) -> Files:
    known = {*SOUND, *TURNS, "path", "transcript", "text", "sampling_rate"}
    strange = conversation.keys() - known
    if strange:
        raise UsageError(
            f"a conversation has no {', '.join(sorted(map(str, strange)))}: it has "
            f"{', '.join(sorted(known))}"
        )
    array = next((conversation[k] for k in SOUND if conversation.get(k) is not None), None)
    turns = next((conversation[k] for k in TURNS if conversation.get(k) is not None), None)
    if turns is None and conversation.get("text") is not None:
        turns = [{"text": conversation["text"]}]
    if turns is not None and (isinstance(turns, str) or not isinstance(turns, Sequence)):
        raise UsageError(f"turns are a list, found a {type(turns).__name__}")
    transcript = conversation.get("transcript")
    if transcript is not None and turns is not None:
        raise UsageError("found a transcript and turns: give one of them")
    recording, seconds = None, None
    if array is not None:
        recording = folder / "conversation.wav"
        seconds = write_sound(array, conversation.get("sampling_rate"), recording)
    elif conversation.get("path") is not None:
        recording = _of_path(conversation["path"]).recording
    if turns is not None:
        transcript = write_turns(turns, folder / "conversation.json", seconds)
    if recording is None:
        if transcript is None:
            raise UsageError('a conversation needs "raw", "path", "turns" or "text"')
        return Files(Path(transcript))
    return Files(recording, None if transcript is None else _of_path(transcript).recording)


def _floats(samples: Any) -> NDArray[np.float32]:
    try:
        sound = np.asarray(samples)
    except (TypeError, ValueError, RuntimeError) as error:
        raise MediaError(f"the sound is no array: {error}") from None
    if sound.dtype in (np.int16, np.int32):
        sound = sound / float(-np.iinfo(sound.dtype).min)
    if not np.issubdtype(sound.dtype, np.floating):
        raise MediaError(
            f"the sound is of {sound.dtype}: expected floats in [-1, 1], or int16 or int32"
        )
    if sound.ndim not in (1, 2) or sound.size == 0 or (sound.ndim == 2 and len(sound) > 64):
        raise MediaError(f"the sound has shape {sound.shape}: expected (n,) or (channels, n)")
    if not np.isfinite(sound).all():
        raise MediaError("the sound contains NaN or infinite values")
    peak = float(np.abs(sound).max())
    if peak > _LOUDEST:
        raise MediaError(
            f"the sound reaches {peak:g}: expected floats in [-1, 1] (divide by the greatest "
            "value of the format)"
        )
    return sound.astype(np.float32)


def _turn(turn: Any, number: int) -> dict[str, Any]:
    where = f"turn {number}"
    if isinstance(turn, str):
        turn = {"text": turn}
    if not isinstance(turn, Mapping):
        raise TranscriptError(
            f'{where} is a {type(turn).__name__}: expected {{"speaker": …, "text": …}}'
        )
    if not ({*OF_A_TURN} - {"speaker"}) & turn.keys():
        found = ", ".join(f'"{key}"' for key in turn) or "nothing"
        raise TranscriptError(
            f'{where} has {found}: expected "text", or its times, "start" and "end"'
        )
    plain = {key: _plain(turn[key], f"{where}, {key}") for key in OF_A_TURN if key in turn}
    timestamp = plain.pop("timestamp", None)
    if timestamp is not None:
        if not isinstance(timestamp, list) or len(timestamp) != 2:
            raise TranscriptError(f"{where}: a timestamp is (start, end), found {timestamp!r}")
        plain = {"start": timestamp[0], "end": timestamp[1], **plain}
    return {key: value for key, value in plain.items() if value is not None}


def _plain(value: Any, where: str) -> Any:
    """A value as JSON has it; a number that is not finite is a missing one."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list | tuple):
        return [_plain(item, where) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item, where) for key, item in value.items()}
    if value is None or isinstance(value, str | int | float):
        return value
    raise TranscriptError(f"{where} is a {type(value).__name__}: expected a text or a number")
