"""The bundled sample as one recording that has everything: words, voice and face.

The package holds a spoken conversation and a few seconds of a face as two small
files. Here the pictures are repeated under the sound until it ends. Nothing is
encoded anew, so that decoding costs what it costs in any recording.
"""

from pathlib import Path
from typing import Any

from emospot.sample import sample_files


def write_sample_video(path: Path) -> None:
    """Write the bundled conversation with the bundled face as one Matroska file.

    Args:
        path: the file, whose ending should be .mkv.
    """
    import av

    files = sample_files()
    with (
        av.open(str(files.conversation)) as sound,
        av.open(str(files.face)) as pictures,
        av.open(str(path), "w", format="matroska") as joined,
    ):
        audio, video = sound.streams.audio[0], pictures.streams.video[0]
        heard = joined.add_stream_from_template(audio)
        seen = joined.add_stream_from_template(video)
        packets = [packet for packet in sound.demux(audio) if packet.dts is not None]
        end = float(packets[-1].pts * packets[-1].time_base)
        for packet in packets:
            packet.stream = heard
            joined.mux(packet)
        _repeat(pictures, video, seen, joined, end)


def _repeat(pictures: Any, video: Any, seen: Any, joined: Any, end: float) -> None:
    """Write the pictures again and again until `end` seconds."""
    length = round(float(pictures.duration) / 1e6 / video.time_base)
    shift = 0
    while shift * video.time_base < end:
        pictures.seek(0)
        for packet in pictures.demux(video):
            if packet.dts is None:
                continue
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = seen
            joined.mux(packet)
        shift += length
