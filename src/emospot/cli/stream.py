"""`emospot stream`: what is said goes in, which emotion it shows comes out at once."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from emospot.cli.console import note, say, say_json, told
from emospot.cli.model_options import MODEL_HELP, AllowDownload, here
from emospot.errors import EmospotError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from emospot.conversation import Utterance
    from emospot.live.stream import LiveAnswer, Stream

STDIN = "-"
CONTAINERS = (b"RIFF", b"OggS", b"fLaC", b"ID3", b"\x1aE\xdf\xa3", b"FORM", b"caff")
"""How files of sound begin, which are no bare samples."""
LINES = ".jsonl"
BLOCK_SECONDS = 0.1
"""Of sound that is taken at a time."""


def stream(
    source: Annotated[
        str,
        typer.Argument(
            help="- for mono 16-bit sound at 16 kHz on standard input; a recording; or a file of "
            "utterances, a line of JSON each (.jsonl)."
        ),
    ],
    transcript: Annotated[
        Path | None, typer.Option(help="Of the recording: who said what and when.")
    ] = None,
    lines: Annotated[
        bool,
        typer.Option("--lines", help="Standard input brings utterances, a line of JSON each."),
    ] = False,
    model: Annotated[
        str, typer.Option(help=f"Reads nothing that comes later. {MODEL_HELP}")
    ] = "bundled-causal",
    allow_download: AllowDownload = False,
    language: Annotated[
        str | None, typer.Option(help="Of the words (ISO 639-1); else it is guessed.")
    ] = None,
    provisional: Annotated[
        float | None,
        typer.Option(help="Answer an utterance that goes on, too, every so many seconds."),
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="A readable line an answer in the place of JSON.")
    ] = False,
) -> None:
    """Answer utterance by utterance, as each ends; a line of JSON each.

    Nothing is read that comes later, and neither time nor memory grow with the conversation.
    A line of JSON names any of text, speaker, start, end, audio (a file with the sound of the
    utterance alone) and provisional. Without a transcript, voice activity finds the
    utterances, and there are no words.

    Example: arecord -q -f S16_LE -r 16000 -t raw | emospot stream - --provisional 1
    """
    from emospot.live.stream import Stream

    told_utterances = lines or source.endswith(LINES)
    if lines and source != STDIN:
        raise UsageError("--lines is of standard input: emospot stream - --lines")
    if transcript is not None and (told_utterances or source == STDIN):
        raise UsageError("--transcript belongs to a recording")
    if provisional is not None and (told_utterances or transcript is not None):
        raise UsageError(
            "--provisional is of utterances that voice activity finds; a line of JSON may say "
            '"provisional": true'
        )
    here(model, allow_download)
    if told_utterances:
        answers = _of_lines(Stream(model, language=language, find_utterances=False), source)
    elif transcript is not None:
        answers = _of_transcript(model, language, Path(source), transcript)
    else:
        live = Stream(model, language=language, provisional_every=provisional)
        answers = _of_sound(live, source)
    for answer in answers:
        if text:
            say(_line(answer))
        else:
            say_json(answer.to_dict(), indent=None)
        sys.stdout.flush()


def _line(answer: "LiveAnswer") -> str:
    from emospot.report.summary_text import summary_lines

    (line,) = summary_lines([answer.utterance])
    return f"{line}  …" if answer.provisional else line


def _of_sound(live: "Stream", source: str) -> "Iterator[LiveAnswer]":
    """The answers to what is heard, and to what was being said at the end."""
    try:
        for block in _standard_input() if source == STDIN else _recording(Path(source)):
            yield from live.hear(block)
    except KeyboardInterrupt:
        # So a microphone is switched off: what was being said is answered, too.
        note("stopped")
    yield from live.finish()
    if not live.seconds_heard:
        raise UsageError("no sound came in on standard input: expected mono 16-bit samples")
    if not live.answered:
        note(f"no speech was found in {live.seconds_heard:.1f} s of sound")


def _recording(path: Path) -> "Iterator[NDArray[np.float32]]":
    from emospot.media.decode import audio_blocks

    lost: list[str] = []
    yield from audio_blocks(path, BLOCK_SECONDS, lost)
    for notice in lost:
        note(f"warning: {notice}")


def _standard_input() -> "Iterator[NDArray[np.float32]]":
    import numpy as np

    from emospot.media.audio import SAMPLE_RATE

    if sys.stdin.isatty():
        raise UsageError("standard input is a terminal: pipe sound into it, see --help")
    size = 2 * round(BLOCK_SECONDS * SAMPLE_RATE)
    rest, begun = b"", False
    while True:
        # What is there, not what fills a block: nobody is to wait.
        read = _read_some(sys.stdin.buffer, size)
        if not read:
            return
        if not begun and read.startswith(CONTAINERS):
            raise UsageError(
                "standard input brings a sound file, expected bare samples: "
                "ffmpeg -i FILE -f s16le -ar 16000 -ac 1 - | emospot stream -"
            )
        begun = True
        rest += read
        whole = len(rest) - len(rest) % 2
        yield (np.frombuffer(rest[:whole], "<i2") / 32768).astype(np.float32)
        rest = rest[whole:]


def _read_some(stream: BinaryIO, size: int) -> bytes:
    read: bytes = getattr(stream, "read1", stream.read)(size)
    return read


def _of_transcript(
    model: str, language: str | None, recording: Path, transcript: Path
) -> "Iterator[LiveAnswer]":
    """The answers to a recording as if it were heard now, each utterance as it ends."""
    from emospot.analysis.inputs import read_inputs
    from emospot.live.stream import KEPT_SECONDS, Stream

    inputs = read_inputs(recording, transcript)
    for notice in inputs.notices:
        note(f"warning: {notice}")
    waiting = list(inputs.conversation.utterances)
    longest = max(((u.end or 0.0) - (u.start or 0.0) for u in waiting), default=0.0)
    live = Stream(
        model,
        language=language,
        find_utterances=False,
        keep_seconds=KEPT_SECONDS + longest,
    )
    has_sound = inputs.info is not None and inputs.info.has_audio
    for block in _recording(recording) if has_sound else ():
        live.hear(block)
        # In turn order, though another might end sooner.
        while waiting and (waiting[0].end or 0.0) <= live.seconds_heard:
            yield from _told(live, waiting.pop(0))
    for utterance in waiting:
        yield from _told(live, utterance)


def _told(live: "Stream", utterance: "Utterance") -> "Iterator[LiveAnswer]":
    """The answer to an utterance of a transcript; why there is none is said."""
    try:
        yield live.answer(utterance)
    except UsageError as error:
        note(f"emospot: {utterance.id}: {error}")


def _of_lines(live: "Stream", source: str) -> "Iterator[LiveAnswer]":
    """The answers to lines of JSON; what is wrong with a line is said, and it is passed over."""
    bad = 0
    for number, line in enumerate(_lines(source), start=1):
        if not line.strip():
            continue
        try:
            yield live.say(**_utterance(line))
        except EmospotError as error:
            bad += 1
            note(f"emospot: line {number}: {told(error)[0]}")
    if not live.answered and not bad:
        note("no utterance came in")
    if bad:
        raise EmospotError(f"{bad} line(s) were passed over; the others are answered")


def _lines(source: str) -> Iterator[str]:
    if source == STDIN:
        yield from (line.decode("utf-8-sig", "replace") for line in sys.stdin.buffer)
        return
    with Path(source).open("rb") as file:
        yield from (line.decode("utf-8-sig", "replace") for line in file)


KEYS: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "speaker": str,
    "start": (int, float),
    "end": (int, float),
    "audio": str,
    "provisional": bool,
}


def _utterance(line: str) -> dict[str, Any]:
    """What a line says, as `Stream.say` takes it.

    Raises:
        UsageError: if it is no such line.
        MediaError: if its sound cannot be read.
    """
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise UsageError(f"no JSON ({error.msg} at character {error.pos + 1})") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"no JSON that can be read ({error})") from error
    if not isinstance(found, dict):
        raise UsageError('expected an object, as in {"text": "oh no", "speaker": "Ann"}')
    found = {key: value for key, value in found.items() if value is not None}
    for key, value in found.items():
        if key not in KEYS:
            raise UsageError(f'unknown key "{key}": expected {", ".join(KEYS)}')
        number = isinstance(value, bool) and KEYS[key] is not bool
        if number or not isinstance(value, KEYS[key]):
            raise UsageError(f'"{key}" cannot be {json.dumps(value)}')
    if "audio" in found:
        found["audio"] = _sound(Path(found["audio"]))
    return found


def _sound(path: Path) -> "NDArray[np.float32]":
    import numpy as np

    from emospot.media.decode import audio_blocks

    return np.concatenate(list(audio_blocks(path)))
