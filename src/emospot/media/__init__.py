"""Decode recordings; read transcripts and annotation files."""

from emospot.media.decode import (
    SAMPLE_RATE,
    MediaInfo,
    SpanCutter,
    WaveformEnvelope,
    audio_blocks,
    audio_of_spans,
    passed_through,
    probe,
    video_frames,
)
from emospot.media.transcripts import Segment, TimedWord, Transcript, read_transcript

__all__ = [
    "SAMPLE_RATE",
    "MediaInfo",
    "Segment",
    "SpanCutter",
    "TimedWord",
    "Transcript",
    "WaveformEnvelope",
    "audio_blocks",
    "audio_of_spans",
    "passed_through",
    "probe",
    "read_transcript",
    "video_frames",
]
