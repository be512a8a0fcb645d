"""Names that are shown, and what an upload is: by its first bytes, not by what it says."""

import io
import zipfile

import pytest

from emospot.media.decode import probe
from emospot.serve.names import (
    MEDIA_TYPES,
    MOST_LETTERS,
    PEEK,
    kind_of,
    shown_name,
    transcript_ending,
)
from emospot.serve.refused import RefusedError


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("talk.mp4", "talk.mp4"),
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\a.wav", "a.wav"),
        ("/abs/olute/", "olute"),
        ("a\0b\x1b[31m.wav", "ab[31m.wav"),
        ("two\r\nlines.wav", "two lines.wav"),
        ("\u202egpj.exe.mp4", "gpj.exe.mp4"),
        ("<script>alert(1)</script>.mp4", "script>.mp4"),
        ("e\u0301.wav", "é.wav"),
        ("", "recording"),
        ("..", "recording"),
        ("\ud800.wav", ".wav"),
    ],
)
def test_shown_names(name, shown):
    found = shown_name(name)
    assert found == shown
    assert found.isprintable()


def test_a_long_name_is_cut_and_keeps_its_ending():
    found = shown_name("x" * 5000 + ".mp4")
    assert len(found) == MOST_LETTERS
    assert found.endswith("….mp4")


@pytest.mark.parametrize(
    "ending", [".wav", ".mp3", ".ogg", ".flac", ".mp4", ".mkv", ".ts", ".avi", ".aiff"]
)
def test_containers_are_known_by_what_ffmpeg_writes(tmp_path, ending):
    """Written by an encoder, called anything: its first bytes tell."""
    import av
    import numpy as np

    codec = {
        ".wav": "pcm_s16le",
        ".avi": "pcm_s16le",
        ".aiff": "pcm_s16be",
        ".mp3": "libmp3lame",
        ".ogg": "libopus",
        ".flac": "flac",
    }.get(ending, "aac")
    path = tmp_path / f"a{ending}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=48_000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 48_000), np.int16), format="s16", layout="mono"
        )
        frame.sample_rate = 48_000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    beginning = path.read_bytes()[:PEEK]
    assert kind_of(f"talk{ending}", beginning).ending == ending
    unnamed = kind_of("talk.exe", beginning)
    assert unnamed.is_media
    path.rename(stored := tmp_path / f"stored{unnamed.ending}")
    assert probe(stored).has_audio


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(10**6))
    return file.getvalue()[:PEEK]


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"\x7fELF\x02\x01\x01" + bytes(100),
        b"MZ\x90\x00" + bytes(100),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\xff\xd8\xff\xe0"[:1] + b"\x00" * 50,
        b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(100),
        b"FORM\x00\x00\x00\x24ILBMBMHD" + bytes(100),
        b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"<?xml version='1.0'?><MPD/>",
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
        zipped(),
    ],
)
def test_what_is_no_recording_is_refused(beginning):
    with pytest.raises(RefusedError) as refused:
        kind_of("talk.mp4", beginning)
    assert refused.value.status == 415


@pytest.mark.parametrize(
    ("ending", "container", "codec"),
    [
        (".ac3", "ac3", "ac3"),
        (".wv", "wv", "wavpack"),
        (".w64", "w64", "pcm_s16le"),
        (".tta", "tta", "tta"),
        (".voc", "voc", "pcm_s16le"),
        (".rm", "rm", "ac3"),
        (".g722", "g722", "g722"),
    ],
)
def test_what_the_command_line_opens_is_taken(tmp_path, ending, container, codec):
    import av
    import numpy as np

    path = tmp_path / f"talk{ending}"
    rate = 16_000 if codec == "g722" else 48_000
    with av.open(str(path), "w", format=container) as writing:
        stream = writing.add_stream(codec, rate=rate, layout="mono")
        wave = (8000 * np.sin(np.arange(rate) / 9)).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(stream.format, "mono", rate, stream.frame_size or None)
        frames = [*resampler.resample(frame), *resampler.resample(None)]
        for packet in (p for one in (*frames, None) for p in stream.encode(one)):
            writing.mux(packet)
    assert probe(path).has_audio
    kind = kind_of(path.name, path.read_bytes()[:PEEK])
    assert (kind.is_media, kind.ending) == (True, ending)


@pytest.mark.parametrize("box", [b"styp", b"uuid", b"pnot", b"ftyp"])
def test_first_boxes_of_mp4(box):
    assert kind_of("talk.mp4", b"\0\0\0\x18" + box + bytes(100)).ending == ".mp4"


def test_mp3_after_zeros():
    assert kind_of("talk.mp3", bytes(PEEK)).is_media
    with pytest.raises(RefusedError):
        kind_of("talk.wav", bytes(PEEK))


def test_transcripts_alone():
    assert kind_of("talk.srt", b"1\n00:00:01,000 --> ") == kind_of("TALK.SRT", b"1\n00:00")
    assert kind_of("talk.txt", "ANNA: hi".encode("utf-16")).ending == ".txt"
    assert kind_of("talk.txt", "ANNA: hi".encode("utf-16-le")).ending == ".txt"
    for name, beginning in (("talk.srt", b"PK\x03\x04\x00\x00abcdefgh" * 9), ("talk.doc", b"hi")):
        with pytest.raises(RefusedError):
            kind_of(name, beginning)


def test_the_ending_of_a_transcript():
    assert transcript_ending("a.EAF", b"<?xml") == ".eaf"
    assert transcript_ending("a.docx.exe", b"ANNA: hi") == ".txt"
    for beginning in (b"", b"RIFF\x00\x00\x00\x00WAVE", b"\x7fELF" + b"abc\0" * 20):
        with pytest.raises(RefusedError) as refused:
            transcript_ending("a.srt", beginning)
        assert refused.value.status == 415


def test_no_ending_leads_ffmpeg_to_lists_of_files():
    assert not {".m3u8", ".m3u", ".ffconcat", ".mpd", ".sdp", ".txt"} & set(MEDIA_TYPES)
