"""The sound of a recording as 16 kHz mono blocks on the recording's time axis.

Sample n of the joined blocks is the sound at n / 16000 seconds. To keep that
true, a stream that starts late is preceded by silence and holes in its time
stamps are filled with silence. The channels are averaged into one, which unlike
FFmpeg's own mix cannot overdrive.

One pass can feed several consumers:

    envelope = WaveformEnvelope(probe(path).duration)
    spans = speech_spans(passed_through(audio_blocks(path), envelope.add))
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.errors import MediaError
from emospot.media.container import OpenRecording, decoded_frames, opened

SAMPLE_RATE = 16_000
"""Samples a second of all audio inside emospot."""

# Time stamps are rounded and clocks drift a little; only a larger hole is one.
_HOLE_SECONDS = 0.1
# Without an announced duration, a longer hole is taken for a damaged time stamp.
_LONGEST_HOLE_SECONDS = 600.0


def audio_blocks(
    path: Path, seconds: float = 30.0, notices: list[str] | None = None
) -> Iterator[NDArray[np.float32]]:
    """Decode the sound block by block; memory does not grow with the file.

    Args:
        path: the recording.
        seconds: length of a block; the last one may be shorter.
        notices: sentences about damaged or missing parts are added to it.

    Yields:
        Mono samples in [-1, 1] at 16 kHz, shape (n,), gapless from time zero.

    Raises:
        MediaError: at the first block: if the file cannot be read, has no
            sound, or none of its sound can be decoded.
    """
    size = max(1, round(seconds * SAMPLE_RATE))
    with opened(path) as recording:
        if recording.audio is None:
            raise MediaError(f"{path}: has no sound; only its pictures can be used")
        tracks = len(recording.container.streams.audio)
        if tracks > 1 and notices is not None:
            notices.append(f"{Path(path).name}: has {tracks} sound tracks; only the first is used")
        decoded_any = False
        for block in _regrouped(_continuous(recording, notices), size):
            decoded_any = True
            yield block
        if not decoded_any:
            raise MediaError(f"{path}: none of its sound can be decoded")


def passed_through(
    blocks: Iterable[NDArray[np.float32]], *consumers: Callable[[NDArray[np.float32]], None]
) -> Iterator[NDArray[np.float32]]:
    """Hand every block to the consumers, then on to the caller.

    >>> seen = []
    >>> for block in passed_through([np.zeros(3, np.float32)], lambda b: seen.append(len(b))):
    ...     block.shape
    (3,)
    >>> seen
    [3]
    """
    for block in blocks:
        for consume in consumers:
            consume(block)
        yield block


def _continuous(
    recording: OpenRecording, notices: list[str] | None
) -> Iterator[NDArray[np.float32]]:
    """Resampled pieces of any length without holes between them."""
    resampler: Any = None
    layout: tuple[str, str, int] | None = None
    position = 0.0  # seconds of sound handed to the resampler, or filled in
    written = 0
    for frame in decoded_frames(recording, recording.audio, notices):
        hole = _hole_before(frame, position, recording)
        frame_layout = (frame.format.name, frame.layout.name, frame.sample_rate)
        if hole or frame_layout != layout:
            for piece in _resampled(resampler, None):
                written += len(piece)
                yield piece
            resampler, layout = _new_resampler(frame), frame_layout
        if hole:
            position += hole
            for silence in _silence(round(position * SAMPLE_RATE) - written):
                written += len(silence)
                yield silence
        position += frame.samples / frame.sample_rate
        for piece in _resampled(resampler, frame):
            written += len(piece)
            yield piece
    yield from _resampled(resampler, None)


def _hole_before(frame: Any, position: float, recording: OpenRecording) -> float:
    """Seconds missing between `position` and the frame, 0.0 where there is no hole."""
    if frame.time is None:
        return 0.0
    time = frame.time - recording.zero
    if recording.announced is not None:
        believable = time <= recording.announced + 1.0
    else:
        believable = time - position <= _LONGEST_HOLE_SECONDS
    hole = float(time - position)
    # Sound at the very start is placed exactly: a small delay is heard there.
    smallest = _HOLE_SECONDS if position > 0 else 1 / SAMPLE_RATE
    return hole if believable and hole > smallest else 0.0


def _new_resampler(frame: Any) -> Any:
    import av

    return av.AudioResampler(format="fltp", layout=frame.layout, rate=SAMPLE_RATE)


def _resampled(resampler: Any, frame: Any) -> Iterator[NDArray[np.float32]]:
    """Pieces that the resampler gives for a frame, or its rest for None."""
    if resampler is None:
        return
    for piece in resampler.resample(frame):
        # Files of floats can hold NaN and values beyond full scale.
        channels = np.clip(np.nan_to_num(piece.to_ndarray(), nan=0.0), -1.0, 1.0)
        yield channels.mean(axis=0, dtype=np.float32)


def _silence(samples: int) -> Iterator[NDArray[np.float32]]:
    step = 30 * SAMPLE_RATE
    while samples > 0:
        yield np.zeros(min(step, samples), np.float32)
        samples -= step


def _regrouped(pieces: Iterable[NDArray[np.float32]], size: int) -> Iterator[NDArray[np.float32]]:
    """The same samples in blocks of `size`; the last block may be shorter."""
    held: list[NDArray[np.float32]] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += len(piece)
        if count < size:
            continue
        joined = np.concatenate(held)
        full = count - count % size
        for start in range(0, full, size):
            yield joined[start : start + size]
        held, count = [joined[full:]], count - full
    if count:
        yield np.concatenate(held)
