"""Opening a recording: its streams, its time axis, and what is wrong with it.

**Time zero** of a recording is the start of its earliest stream, sound or
pictures. Files whose clock begins elsewhere (broadcast streams) are shifted, so
that second 0 is what a player shows first. A stream that starts late keeps its
delay: sound that begins one second after the pictures is heard at second 1.

Decoding goes on past damaged packets and past the end of a file that was cut
off. What was lost is said in *notices*, plain sentences that a caller collects
in a list. Only a file of which nothing can be used is an error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emospot.errors import MediaError

_RECORDINGS = (
    "3dostr", "aa", "aac", "ac3", "act", "aiff", "amr", "amrnb", "amrwb", "ape", "aptx",
    "aptx_hd", "apv", "asf", "au", "av1", "avi", "caf", "dhav", "dirac", "dnxhd", "dsf", "dss",
    "dts", "dtshd", "dv", "eac3", "flac", "flv", "g722", "g723_1", "g728", "g729", "gif", "gsm",
    "gxf", "h261", "h263", "h264", "hevc", "iamf", "ifv", "ilbc", "ircam", "iv8", "ivf", "kux",
    "lc3", "live_flv", "loas", "luodat", "lxf", "m4v", "matroska", "mjpeg", "mlp", "mov", "mp3",
    "mpc", "mpc8", "mpeg", "mpegts", "mpegvideo", "mpjpeg", "mxf", "mxg", "nistsphere", "nsv",
    "nut", "nuv", "obu", "ogg", "oma", "pva", "pvf", "qcp", "qoa", "rm", "sbc", "sds", "shn",
    "sln", "smjpeg", "sox", "spdif", "swf", "tak", "truehd", "tta", "ty", "vc1", "vc1test", "voc",
    "vqf", "vvc", "w64", "wav", "wtv", "wv", "xwma", "yuv4mpegpipe",
)  # fmt: skip
"""FFmpeg's names of the formats that hold sound or moving pictures. What is not among them is
not opened: lists of other files (which would read files that nobody named, also from the
network), devices, pictures, and text drawn as video."""

_OPTIONS = {"format_whitelist": ",".join(_RECORDINGS), "protocol_whitelist": "file"}


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a recording contains.

    Args:
        path: the file.
        duration: seconds from time zero to the end of the longest stream.
        has_audio: whether there is sound.
        has_video: whether there are moving pictures; a cover picture is none.
        container: FFmpeg's name of the file format, e.g. "wav".
        sample_rate: samples a second as stored, None without sound.
        frame_rate: average frames a second, None without pictures or unknown.
        width: pixels as stored, None without pictures.
        height: pixels as stored, None without pictures.
    """

    path: Path
    duration: float
    has_audio: bool
    has_video: bool
    container: str
    sample_rate: int | None = None
    frame_rate: float | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class OpenRecording:
    """A recording opened for reading; use it inside `opened`.

    Args:
        path: the file.
        container: PyAV's input container.
        audio: the first sound stream, or None.
        video: the first stream of moving pictures, or None.
        zero: time zero in seconds of the file's own clock.
        announced: duration in seconds that the file's header gives, or None.
    """

    path: Path
    container: Any
    audio: Any
    video: Any
    zero: float
    announced: float | None


def probe(path: Path) -> MediaInfo:
    """Look at a recording without decoding it.

    A file that does not say how long it is (some browsers write such) is read
    through once to find out.

    Raises:
        MediaError: if the file is missing, empty, no recording, or has neither
            sound nor pictures.
    """
    with opened(path) as recording:
        audio, video = recording.audio, recording.video
        duration = recording.announced
        if duration is None:
            duration = _last_packet_end(recording)
        rate = float(video.average_rate) if video is not None and video.average_rate else None
        return MediaInfo(
            path=recording.path,
            duration=duration,
            has_audio=audio is not None,
            has_video=video is not None,
            container=str(recording.container.format.name),
            sample_rate=int(audio.rate) if audio is not None else None,
            frame_rate=rate,
            width=int(video.width) if video is not None else None,
            height=int(video.height) if video is not None else None,
        )


def duration(path: Path) -> float:
    """How long a recording is, in seconds.

    Raises:
        MediaError: as `probe`.
    """
    return probe(path).duration


@contextmanager
def opened(path: Path) -> Iterator[OpenRecording]:
    """Open a recording and close it afterwards.

    Raises:
        MediaError: as `probe`.
    """
    import av

    path = Path(path)
    _check_file(path)
    try:
        # The absolute path keeps FFmpeg from reading "12:30.mp4" as a protocol.
        container = av.open(
            str(path.absolute()), metadata_errors="replace", options=dict(_OPTIONS)
        )
    except av.ArgumentError as error:
        raise MediaError(
            f"{path}: is of a format that is not a recording of sound or video (a list of other "
            "files, a picture, a text), or not one that is read"
        ) from error
    except av.FFmpegError as error:
        raise MediaError(
            f"{path}: is no recording that can be read, or its beginning or index is damaged "
            f"({error.strerror})"
        ) from error
    with container:
        yield _described(path, container)


def decoded_frames(
    recording: OpenRecording, stream: Any, notices: list[str] | None = None
) -> Iterator[Any]:
    """Decode one stream, going on past what is damaged.

    Args:
        recording: an open recording.
        stream: one of its streams.
        notices: sentences about losses are added to it.

    Yields:
        PyAV's audio or video frames in the order of the file.
    """
    import av

    name = recording.path.name
    damaged, reached = 0, 0.0
    try:
        for packet in recording.container.demux():
            reached = max(reached, _packet_end(packet) - recording.zero)
            if packet.stream_index != stream.index:
                continue
            try:
                frames = packet.decode()
            except av.FFmpegError:
                damaged += 1
                continue
            yield from frames
    except av.FFmpegError as error:
        reason = f"cannot be read past {reached:.1f} s ({error.strerror})"
        _note(notices, f"{name}: {reason}; what comes before was used")
        return
    if damaged:
        _note(notices, f"{name}: {damaged} damaged {stream.type} packet(s) left out")
    announced = recording.announced or 0.0
    if announced - reached > max(1.0, 0.02 * announced):
        _note(
            notices,
            f"{name}: ends at {reached:.1f} s although its header announces {announced:.1f} s; "
            "it seems to be cut off, what is there was used",
        )


def _note(notices: list[str] | None, sentence: str) -> None:
    """Add a notice once, also where sound and pictures tell the same."""
    if notices is not None and sentence not in notices:
        notices.append(sentence)


def _check_file(path: Path) -> None:
    if not path.exists():
        raise MediaError(f"{path}: no such file")
    if not path.is_file():
        raise MediaError(f"{path}: is not a file; name one recording")
    if path.stat().st_size == 0:
        raise MediaError(f"{path}: the file is empty")


def _described(path: Path, container: Any) -> OpenRecording:
    """Choose the streams and the time axis of an opened container."""
    import av

    cover = av.stream.Disposition.attached_pic
    # A stream without a codec context is one for whose coding there is no decoder.
    read = [s for s in container.streams if s.codec_context is not None]
    audio = next((s for s in read if s.type == "audio"), None)
    video = next((s for s in read if s.type == "video" and not s.disposition & cover), None)
    streams = [stream for stream in (audio, video) if stream is not None]
    if not streams and len(read) < len(container.streams.audio + container.streams.video):
        raise MediaError(
            f"{path}: its sound or pictures are coded in a way that cannot be decoded here; "
            "convert it, for example to WAV or MP4"
        )
    if not streams:
        raise MediaError(f"{path}: contains neither sound nor moving pictures")
    starts = [float(s.start_time * s.time_base) for s in streams if s.start_time is not None]
    announced = container.duration / av.time_base if container.duration else None
    # A clock that begins below zero only holds the encoder's lead-in.
    zero = max(0.0, min(starts, default=0.0))
    return OpenRecording(path, container, audio, video, zero, announced)


def _packet_end(packet: Any) -> float:
    """End of a packet on the file's own clock, 0 where it has no time."""
    if packet.pts is None:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)


def _last_packet_end(recording: OpenRecording) -> float:
    import av

    last = 0.0
    try:
        for packet in recording.container.demux():
            last = max(last, _packet_end(packet) - recording.zero)
    except av.FFmpegError:
        # What lies before the damage counts; decoding gives the notice.
        return last
    return last
