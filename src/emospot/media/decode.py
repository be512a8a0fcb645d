"""Decoding, in one place: what of a recording can be read, and how.

`probe` tells what is there (`duration`: how long it is). `audio_blocks`,
`audio_of_spans` and `video_frames`
stream it, each in one pass, with memory that does not grow with the file. All
times are seconds from time zero, the start of the earliest stream.
`WaveformEnvelope` and `SpanCutter` are fed with blocks, so that one pass over
the sound serves several consumers (`passed_through`).
"""

from emospot.media.audio import SAMPLE_RATE, audio_blocks, passed_through
from emospot.media.audio_spans import SpanCutter, audio_of_spans
from emospot.media.container import MediaInfo, duration, probe
from emospot.media.video import video_frames
from emospot.media.waveform import WaveformEnvelope

__all__ = [
    "SAMPLE_RATE",
    "MediaInfo",
    "SpanCutter",
    "WaveformEnvelope",
    "audio_blocks",
    "audio_of_spans",
    "duration",
    "passed_through",
    "probe",
    "video_frames",
]
