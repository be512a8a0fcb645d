import os
import struct

import av
import numpy as np
import pytest

from emospot.errors import MediaError
from emospot.media import probe
from emospot.media.container import _RECORDINGS, decoded_frames, opened


def test_video_with_sound(make_recording):
    info = probe(make_recording("talk.mp4", 2.0, pictures=True, codec="aac"))
    assert info.has_audio
    assert info.has_video
    assert info.duration == pytest.approx(2.0, abs=0.1)
    assert (info.width, info.height, info.frame_rate) == (128, 96, 30.0)
    assert info.sample_rate == 22050


def test_sound_only_and_pictures_only(make_recording):
    sound = probe(make_recording("talk.wav"))
    assert (sound.has_audio, sound.has_video) == (True, False)
    assert sound.duration == pytest.approx(2.0)
    pictures = probe(make_recording("mute.mp4", sound=None, pictures=True))
    assert (pictures.has_audio, pictures.has_video) == (False, True)


def test_a_cover_picture_is_no_video(tmp_path, make_recording):
    path = tmp_path / "song.mp3"
    with av.open(str(make_recording("talk.wav"))) as source, av.open(str(path), "w") as target:
        audio = target.add_stream("libmp3lame", rate=22050)
        cover = target.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame(64, 64, "yuvj420p")
        picture.pts = 0
        target.mux(cover.encode(picture))
        for frame in source.decode(audio=0):
            target.mux(audio.encode(frame))
        target.mux(audio.encode(None))
        target.mux(cover.encode(None))
    with av.open(str(path)) as written:
        assert len(written.streams.video) == 1  # else this test shows nothing
    assert not probe(path).has_video


def test_a_file_without_announced_duration_is_read_through(tmp_path):
    # A raw stream is a bare run of pictures: its header tells no length.
    path = tmp_path / "bare.mjpeg"
    with av.open(str(path), "w", format="mjpeg") as container:
        video = container.add_stream("mjpeg", rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuvj420p"
        for k in range(50):
            frame = av.VideoFrame(64, 64, "yuvj420p")
            frame.pts = k
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    with opened(path) as recording:
        assert recording.announced is None
    assert probe(path).duration == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("missing.mp4", None, "no such file"),
        ("empty.mp4", b"", "the file is empty"),
        ("noise.mp4", np.random.default_rng(0).bytes(4000), "is no recording"),
        ("letter.txt", b"Dear Anna,\n" * 50, "not a recording"),
        ("talk.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHi\n", "not a recording"),
    ],
)
def test_bad_files_give_one_line(tmp_path, name, content, found):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MediaError, match=found) as caught:
        probe(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_recording(tmp_path):
    with pytest.raises(MediaError, match="is not a file"):
        probe(tmp_path)


def test_lists_of_other_files_and_still_pictures_are_refused(tmp_path, make_recording):
    make_recording("part.ts", codec="aac")
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\npart.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaError, match=r"not a recording|is no recording"):
        probe(playlist)
    picture = tmp_path / "face.png"
    with av.open(str(picture), "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "rgb24"
        container.mux(stream.encode(av.VideoFrame(32, 32, "rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="not a recording"):
        probe(picture)


@pytest.mark.parametrize("name", ["list.ffconcat", "list.mp4", "list.m3u8"])
def test_a_list_of_other_files_does_not_open_them(tmp_path, make_recording, name):
    """Whatever it is called: nothing that nobody named is read, here a pipe that would block."""
    os.mkfifo(tmp_path / "secret.wav")
    make_recording("part.wav")
    lists = {
        "list.ffconcat": "ffconcat version 1.0\nfile secret.wav\nfile part.wav\n",
        "list.mp4": "ffconcat version 1.0\nfile secret.wav\nfile part.wav\n",
        "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nsecret.wav\n#EXT-X-ENDLIST\n",
    }
    (tmp_path / name).write_text(lists[name])
    with pytest.raises(MediaError, match=r"not a recording|is no recording") as caught:
        probe(tmp_path / name)
    # FFmpeg itself has refused it, before it was open.
    assert isinstance(caught.value.__cause__, av.FFmpegError)


def _dictation(make_recording, tmp_path):
    header, block = bytearray(b"\x02dss" + bytes(1020)), bytes((0, 0, 12)) + bytes(509)
    header[0x26 : 0x26 + 24] = b"260101120000260101120100"  # begin and end
    return bytes(header) + 40 * block


def _telephone(make_recording, tmp_path):
    return 50 * bytes((0, *range(23)))  # frames of 30 ms at 6.3 kbit/s


def _camera(make_recording, tmp_path):
    """The sound of a surveillance camera, in chunks of 40 ms."""
    told, samples = bytes((0x83, 1, 0x10, 2)), bytes(640)  # mono, 16 bits, 8 kHz
    length = 24 + len(told) + len(samples) + 8
    chunks = []
    for k in range(75):
        date = 26 << 26 | 1 << 22 | 1 << 17 | 12 << 12 | k * 40 // 1000
        head = struct.pack("<4sIIIIHBB", b"DHAV", 0xF0, k, length, date, k * 40, len(told), 0)
        chunks.append(head + told + samples + b"dhav" + struct.pack("<I", length))
    return b"".join(chunks)


def _broadcast(make_recording, tmp_path):
    """Flash video as servers record it: their name stands in the first tag."""
    flash = make_recording("talk.flv", codec="adpcm_swf").read_bytes()
    told = b"\x02\x00\x01x" + bytes(21) + b"NGINX RTMP" + bytes(10)
    tag = b"\x12" + len(told).to_bytes(3, "big") + bytes(7) + told
    return flash[:13] + tag + len(tag).to_bytes(4, "big") + flash[13:]


def _portal(make_recording, tmp_path):
    """Flash video behind 14 MB of advertisement."""
    flash = make_recording("talk.flv", codec="adpcm_swf").read_bytes()
    return b"KDK" + bytes(0xE00000 - 3) + flash


@pytest.mark.parametrize(
    ("name", "make", "seconds"),
    [
        ("memo.dss", _dictation, 11.8),
        ("call.g723_1", _telephone, 1.5),
        ("door.dhav", _camera, 2.0),  # the clock has seconds: the last begins at 2
        ("talk.live_flv", _broadcast, 2.0),
        ("talk.kux", _portal, 2.0),
    ],
)
def test_formats_of_other_machines(make_recording, tmp_path, name, make, seconds):
    path = tmp_path / name
    path.write_bytes(make(make_recording, tmp_path))
    info = probe(path)
    assert info.has_audio
    assert info.container == path.suffix[1:]
    assert info.duration == pytest.approx(seconds, abs=0.2)
    with opened(path) as recording:
        assert sum(frame.samples for frame in decoded_frames(recording, recording.audio)) > 10_000


def test_what_recorders_telephones_and_cameras_write_is_among_the_formats():
    recorders = {"act", "amr", "asf", "dss", "lc3", "mp3", "qcp", "voc", "wav", "wv"}
    telephones = {"au", "g722", "g723_1", "g729", "gsm", "ilbc", "sln"}
    cameras = {"avi", "dhav", "dv", "h264", "hevc", "ifv", "iv8", "luodat", "mov", "mpegts", "mxg"}
    assert recorders | telephones | cameras <= set(_RECORDINGS)
    # Older builds of FFmpeg lack the youngest; a slip in a name would lack in all.
    assert len(set(_RECORDINGS) - av.formats_available) <= 3
    assert len(_RECORDINGS) == len(set(_RECORDINGS))


def test_what_names_other_files_devices_or_no_recording_is_not():
    others = {"concat", "dash", "hls", "image2", "imf", "mlv", "sap", "sdp", "rtp", "rtsp"}
    others |= {"vobsub", "webm_dash_manifest", "avisynth", "vapoursynth", "ffmetadata", "data"}
    devices = {name for name in av.formats_available if av.ContainerFormat(name).no_file}
    assert devices  # else this shows nothing
    texts = {"ass", "srt", "tty", "txd", "webvtt", "xbin", "rawvideo", "image2pipe"}
    pictures = {name for name in av.formats_available if name.endswith("_pipe")}
    assert not set(_RECORDINGS) & (others | devices | texts | pictures)


def test_a_coding_without_a_decoder_is_told(tmp_path):
    path = tmp_path / "talk.wav"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("pcm_s16le", rate=16_000)
        audio.layout = "mono"
        frame = av.AudioFrame(format="s16", layout="mono", samples=16_000)
        frame.sample_rate = 16_000
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    content = bytearray(path.read_bytes())
    assert content[20:22] == b"\x01\x00"  # the number of the coding: PCM
    content[20:22] = b"\x0f\x7e"  # of none
    path.write_bytes(content)
    with pytest.raises(MediaError, match=r"talk\.wav: .*cannot be decoded here; convert it"):
        probe(path)


def test_a_name_with_a_colon_is_a_file(make_recording, monkeypatch, tmp_path):
    make_recording("talk.wav").rename(tmp_path / "12:30.wav")
    monkeypatch.chdir(tmp_path)
    assert probe("12:30.wav").has_audio


def test_a_cut_off_file_gives_what_is_there_and_one_notice(make_recording, cut_file):
    path = make_recording(
        "talk.mp4", 5.0, pictures=True, codec="aac", options={"movflags": "faststart"}
    )
    notices: list[str] = []
    with opened(cut_file(path)) as recording:
        times = [f.time for f in decoded_frames(recording, recording.video, notices)]
    with opened(cut_file(path)) as recording:
        list(decoded_frames(recording, recording.audio, notices))
    assert 1.0 < max(times) < 4.5
    cut_off = [notice for notice in notices if "cut off" in notice]
    assert len(cut_off) == 1
    assert cut_off[0].startswith("cut_talk.mp4: ends at")


def test_a_whole_file_gives_no_notice(make_recording):
    notices: list[str] = []
    for name in ("talk.mkv", "talk.mp4", "talk.ts"):
        with opened(make_recording(name, pictures=True, codec="aac")) as recording:
            assert sum(1 for _ in decoded_frames(recording, recording.audio, notices)) > 0
    assert notices == []


def test_a_demuxer_that_fails_ends_the_reading_with_a_notice(make_recording):
    notices: list[str] = []
    with opened(make_recording("talk.wav")) as recording:

        class Failing:
            def demux(self):
                yield from list(recording.container.demux())[:2]
                raise av.error.InvalidDataError(1, "Input/output error", "talk.wav")

        broken = type(recording)(
            recording.path, Failing(), recording.audio, None, 0.0, recording.announced
        )
        assert len(list(decoded_frames(broken, recording.audio, notices))) == 2
    assert notices == [
        "talk.wav: cannot be read past 0.2 s (Input/output error); what comes before was used"
    ]
