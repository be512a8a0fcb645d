"""The work itself: what is refused before it, how it is told of, and a whole analysis."""

import signal
import subprocess
import sys
import wave
from dataclasses import replace
from urllib.request import urlopen

import pytest
from websockets.sync.client import connect

from emospot.errors import EmospotError, MediaError, TranscriptError
from emospot.sample import sample_files
from emospot.serve.client import Client
from emospot.serve.work import MOST_PIXELS, Task, check_length, renamed


@pytest.fixture
def task(tmp_path, wav_bytes):
    (tmp_path / "recording.wav").write_bytes(wav_bytes)
    (tmp_path / "transcript.srt").write_text("1\n00:00:00,000 --> 00:00:00,100\nhi\n")
    return Task(
        tmp_path, "recording.wav", "transcript.srt", True, "Talk.wav", "bundled", "", 0.001, 3
    )


def test_what_is_within_the_limits_passes(task):
    assert check_length(task) is False
    assert check_length(replace(task, recording="transcript.srt", is_media=False)) is False


def test_pictures_are_seen(task, tmp_path):
    (tmp_path / "recording.mp4").write_bytes(sample_files().face.read_bytes())
    assert check_length(replace(task, recording="recording.mp4", media_hours=1)) is True


def test_a_long_recording_is_refused(task, tmp_path):
    with wave.open(str(tmp_path / "recording.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * 16_000 * 9))
    with pytest.raises(MediaError, match=r"hours long, this server takes 0\.001 at most"):
        check_length(task)


def test_large_pictures_are_refused(task, tmp_path, monkeypatch):
    (tmp_path / "recording.mp4").write_bytes(sample_files().face.read_bytes())
    monkeypatch.setattr("emospot.serve.work.MOST_PIXELS", 100)
    with pytest.raises(MediaError, match="pictures of"):
        check_length(replace(task, recording="recording.mp4", media_hours=1))
    assert MOST_PIXELS > 3840 * 2160


def test_a_long_transcript_is_refused(task, tmp_path):
    (tmp_path / "transcript.srt").write_text(
        "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},500\nhi\n\n" for n in range(1, 5))
    )
    with pytest.raises(TranscriptError, match="has 4 utterances, this server takes 3 at most"):
        check_length(task)


def test_an_endless_utterance_is_refused(task, tmp_path):
    (tmp_path / "transcript.srt").write_text(f"1\n00:00:01,000 --> 00:00:02,000\n{'oh ' * 9000}\n")
    with pytest.raises(TranscriptError, match=r"an utterance of 26,999 characters"):
        check_length(task)


def test_no_folder_of_the_server_is_told(task):
    said = renamed(f"{task.path}: is no recording, see {task.folder}/transcript.srt", task)
    assert said == "Talk.wav: is no recording, see the transcript"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """`emospot serve` as it is typed."""
    data = tmp_path_factory.mktemp("serve")
    program = "from emospot.cli.main import run; run()"
    options = ["--port", "0", "--data", str(data), "--keep-hours", "1"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, "serve", *options], stderr=subprocess.PIPE, text=True
    )
    line = process.stderr.readline()
    assert line.startswith("open http://127.0.0.1:")
    assert "every user of this machine" in process.stderr.readline()
    yield Client(line.split()[1], timeout=120)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert process.stderr.read() == "stopped; what waits is taken up at the next start\n"
    process.stderr.close()


def test_a_whole_analysis(whole):
    files = sample_files()
    job = whole.upload(files.conversation, files.transcript)
    seen = []
    job = whole.wait(job, seen.append)
    assert next(one.stage for one in seen if one.stage) == "decode"
    assert {"voice", "model"} <= {one.stage for one in seen}
    analysis = whole.analysis(job)
    assert analysis.recording == files.conversation.name
    assert len({u.speaker for u in analysis.utterances}) == 2
    assert job.warnings == analysis.warnings
    report = whole.report(job)
    # To be kept beside the recording; on the server it plays what the server has.
    assert f'src="./{files.conversation.name}"' in report
    assert 'src="./media"' not in report
    with urlopen(f"http://{whole._host}/analyses/{job.id}/report", timeout=60) as shown:
        assert b'src="./media"' in shown.read()
    assert files.conversation.name in report
    assert "recording.ogg" not in report
    assert whole.export(job, "srt").startswith(b"1\n")
    assert b"annotation" in whole.export(job, "eaf").lower()


def test_a_recording_that_is_none(whole, tmp_path):
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + b"\x07no media" * 900)
    with pytest.raises(EmospotError, match=r"^broken\.mp4: is no recording") as failed:
        whole.wait(whole.upload(path))
    assert "/" not in str(failed.value)


def test_a_whole_live_session(whole):
    import json

    from emospot.media.decode import audio_blocks

    address = f"ws://{whole._host}/live"
    said = []
    with connect(address) as live:
        live.send(json.dumps({"sample_rate": 16_000}))
        assert json.loads(live.recv(120)) == {"type": "ready"}
        for block in audio_blocks(sample_files().conversation, 0.5):
            live.send((block * 32_767).astype("<i2").tobytes())
        live.send('{"type": "end"}')
        while not said or said[-1]["type"] == "answer":
            said.append(json.loads(live.recv(120)))
    assert said[-1] == {"type": "end"}
    assert len(said) > 3
    assert all(sum(one["probabilities"].values()) == pytest.approx(1) for one in said[:-1])
