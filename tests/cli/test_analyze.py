import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from emospot.analysis import analyze as pipeline
from emospot.analysis.types import Analysis, ModelFinding
from emospot.cli.analyze import output_stems, show_summary
from emospot.cli.analyze_many import Asked, each_analysed
from emospot.errors import EmospotError, UsageError
from emospot.features.voice_basic import BasicVoice
from emospot.features.voice_ge2e import Ge2eVoice
from emospot.files import write_file
from emospot.sample import sample_files

MODEL = ModelFinding("m", "1", "two", ("anger", "joy"), 1.0, 0.5, "", {})


def test_report_and_json_are_left_and_named(emospot, talk, tmp_path):
    out = tmp_path / "a" / "b"
    ran = emospot("analyze", talk, "--out", out)
    assert ran.status == 0
    assert sorted(path.name for path in out.iterdir()) == ["talk.analysis.json", "talk.html"]
    assert f"report:   {out / 'talk.html'}" in ran.out
    assert f"analysis: {out / 'talk.analysis.json'}" in ran.out
    assert "ANNA" in ran.out.splitlines()[0]
    assert "words: “so happy”" in ran.out
    assert "warning: voice missing" in ran.err
    plain = json.loads((out / "talk.analysis.json").read_text(encoding="utf-8"))
    assert len(plain["utterances"]) == 2


def test_a_recording_that_the_report_does_not_find_is_told(emospot, capsys, tmp_path):
    recording = tmp_path / "clients" / "talk.wav"
    recording.parent.mkdir()
    recording.write_bytes(b"x")
    out, names = tmp_path / "out", ("talk.analysis.json", "talk.html")
    analysis = Analysis("talk.wav", 3.0, (), MODEL)
    show_summary(analysis, out, names, recording=recording)
    assert f"copy or link {recording} to {out / 'talk.wav'}" in capsys.readouterr().out
    show_summary(analysis, tmp_path, names, recording=recording)
    show_summary(replace(analysis, duration=None), out, names, recording=recording)
    assert "copy" not in capsys.readouterr().out


def test_json_on_stdout_is_nothing_else(emospot, talk, tmp_path):
    ran = emospot("analyze", talk, "--out", tmp_path, "--json")
    written = json.loads((tmp_path / "talk.analysis.json").read_text(encoding="utf-8"))
    assert json.loads(ran.out) == written
    assert "warning: voice missing" in ran.err


def test_one_bad_recording_does_not_cost_the_others(emospot, talk, broken, tmp_path):
    second = tmp_path / "second.txt"
    shutil.copy(talk, second)
    out = tmp_path / "out"
    ran = emospot("analyze", talk, broken, second, "--out", out)
    assert ran.status == 1
    assert {p.name for p in out.glob("*.html")} == {"talk.html", "second.html"}
    assert f"{second}:" in ran.out
    assert "warning: second.txt: voice missing" in ran.err
    first, last = ran.error_lines
    assert first.startswith(f"emospot: {broken}: is no recording that can be read")
    assert last == f"emospot: 1 of 3 recordings failed: broken.mp4; the others are in {out}"


def test_of_several_json_is_a_list_of_what_succeeded(emospot, talk, broken, tmp_path):
    ran = emospot("analyze", talk, broken, "--out", tmp_path, "--json")
    assert ran.status == 1
    assert [one["recording"] for one in json.loads(ran.out)] == ["talk.txt"]
    both_bad = emospot("analyze", broken, tmp_path / "gone.wav", "--out", tmp_path, "--json")
    assert (both_bad.status, both_bad.out) == (1, "")
    assert both_bad.error_lines[-1].endswith("2 of 2 recordings failed: broken.mp4, gone.wav")


def test_an_unexpected_error_of_one_does_not_cost_the_others(emospot, talk, tmp_path, monkeypatch):
    second = tmp_path / "second.txt"
    shutil.copy(talk, second)
    analyze = pipeline.analyze

    def fragile(recording: Path, *args, **kwargs):
        if recording == talk:
            raise ZeroDivisionError("x")
        return analyze(recording, *args, **kwargs)

    monkeypatch.setattr(pipeline, "analyze", fragile)
    ran = emospot("analyze", talk, second, "--out", tmp_path / "out")
    assert ran.status == 1
    assert (tmp_path / "out" / "second.html").is_file()
    assert "unexpected ZeroDivisionError" in ran.error_lines[0]
    with pytest.raises(ZeroDivisionError):
        emospot("analyze", talk, second, "--out", tmp_path / "out", "--debug")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("gone.mp4",), 1, "gone.mp4: no such file"),
        (("BROKEN",), 1, "broken.mp4: is no recording that can be read"),
        (("SOUND", "--transcript", "gone.srt"), 1, "gone.srt: no such file"),
        (
            ("SOUND", "--transcript", "LATE"),
            1,
            "late.srt: all 1 utterances of the transcript begin",
        ),
        (("TALK", "--transcript", "TALK"), 2, "are both transcripts"),
        (("TALK", "SOUND", "--transcript", "TALK"), 2, "--transcript belongs to one recording"),
        (("TALK", "--model", "nowhere"), 1, 'no model "nowhere"'),
        (("TALK", "--detector", "loud"), 2, 'no hotspot detector "loud"; known ones: lexicon'),
        (("TALK", "--detector", "lexicon,x"), 2, 'no hotspot detector "lexicon,x"'),
        (("TALK", "--out", "TALK"), 1, "talk.txt is a file, not a folder"),
        (("a/x.wav", "b/x.wav"), 2, "two recordings are called x.wav"),
    ],
)
def test_bad_input_is_one_line_that_names_it(
    emospot, talk, broken, tmp_path, monkeypatch, arguments, status, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "late.srt").write_text("1\n01:00:00,000 --> 01:00:01,000\nHi.\n", encoding="utf-8")
    names = {
        "TALK": talk,
        "BROKEN": broken,
        "SOUND": sample_files().conversation,
        "LATE": tmp_path / "late.srt",
    }
    ran = emospot("analyze", *(names.get(a, a) for a in arguments))
    assert (ran.status, ran.out) == (status, "")
    (line,) = ran.error_lines
    assert message in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_on_a_full_disk_what_was_written_is_kept(emospot, talk, tmp_path):
    (tmp_path / "talk.html").write_text("older", encoding="utf-8")
    (tmp_path / "talk.html.part").symlink_to("/dev/full")
    ran = emospot("analyze", talk, "--out", tmp_path)
    assert ran.status == 1
    (line,) = ran.error_lines
    assert "cannot write the report" in line
    assert "talk.html: No space left on device; free space" in line
    assert json.loads((tmp_path / "talk.analysis.json").read_text(encoding="utf-8"))
    assert (tmp_path / "talk.html").read_text(encoding="utf-8") == "older"


def test_names_of_the_outputs():
    assert output_stems([Path("a/talk.mp4"), Path("hall.wav")]) == ["talk", "hall"]
    assert output_stems([Path("talk.mp4"), Path("b/talk.wav")]) == ["talk.mp4", "talk.wav"]
    with pytest.raises(UsageError, match=r"talk\.mp4.*different folders"):
        output_stems([Path("a/talk.mp4"), Path("b/talk.mp4")])


def test_the_report_shows_the_face_at_its_strongest_moments(emospot, tmp_path):
    pytest.importorskip("mediapipe", reason="needs the extra [face]")
    face = sample_files().face
    emospot("analyze", face, "--out", tmp_path / "with")
    emospot("analyze", face, "--out", tmp_path / "without", "--no-stills")
    shown, hidden = ((tmp_path / n / "face.html").read_text() for n in ("with", "without"))
    assert shown.count("data:image/jpeg") == 2
    assert "data:image/jpeg" not in hidden
    found = json.loads((tmp_path / "with" / "face.analysis.json").read_text())
    (utterance,) = found["utterances"]
    assert all(h["start"] <= h["apex"] <= h["end"] for h in utterance["hotspots"])


def test_a_killed_analysis_goes_on_where_it_stopped(emospot, tmp_path, monkeypatch):
    sample = sample_files()
    asked = []
    for extractor in (Ge2eVoice, BasicVoice):
        measured = extractor.extract

        def extract(self, audio, start, name=extractor.__name__, measured=measured):
            asked.append((name, start))
            if len(asked) == 8:
                raise KeyboardInterrupt
            return measured(self, audio, start)

        monkeypatch.setattr(extractor, "extract", extract)
    out = tmp_path / "out"
    arguments = ("analyze", sample.conversation, "--transcript", sample.transcript, "--out", out)
    assert emospot(*arguments).status == 130
    assert [path.name for path in out.glob("*.journal")] == ["conversation.analysis.json.journal"]
    first = list(asked)
    ran = emospot(*arguments)
    assert ran.status == 0
    # Each voice of each of ten utterances once, but for the one that was stopped in.
    assert len(asked) == 21
    assert not set(first[:7]) & set(asked[8:])
    assert sorted(p.name for p in out.iterdir()) == [
        "conversation.analysis.json",
        "conversation.html",
    ]
    whole = tmp_path / "whole"
    emospot(*arguments[:-1], whole)
    kept, fresh = (
        json.loads((folder / "conversation.analysis.json").read_text())["utterances"]
        for folder in (out, whole)
    )
    assert kept == fresh


def test_several_at_once_and_what_was_done_before(emospot, talk, broken, tmp_path):
    second = tmp_path / "second.txt"
    shutil.copy(talk, second)
    out = tmp_path / "out"
    arguments = ("analyze", talk, broken, second, "--out", out, "--resume", "--json")
    ran = emospot(*arguments, "--jobs", 2)
    assert ran.status == 1
    assert {p.name for p in out.glob("*.html")} == {"talk.html", "second.html"}
    assert "broken.mp4: is no recording" in ran.error_lines[0]
    # In the order in which they were asked for, whichever is done first.
    assert [one["recording"] for one in json.loads(ran.out)] == ["talk.txt", "second.txt"]
    again = emospot(*arguments)
    assert [line for line in again.err.splitlines() if "done before" in line] == [
        "talk.txt was done before",
        "second.txt was done before",
    ]
    assert json.loads(again.out) == json.loads(ran.out)


@pytest.mark.parametrize(
    "change", ["words", "model", "another of the name", "stills", "detector", "damaged", "report"]
)
def test_what_is_not_the_same_is_done_again(talk, tmp_path, change):
    asked = Asked(talk, None, "bundled", tmp_path / "out", (), "talk", True)
    report, written = tmp_path / "out" / "talk.html", tmp_path / "out" / "talk.analysis.json"
    write_file(written, json.dumps({"asked": asked.digest()}).encode())
    assert asked.done_before() is None
    write_file(report, b"report")
    assert asked.done_before() == {"asked": asked.digest()}
    other = tmp_path / "other" / "talk.txt"
    write_file(other, talk.read_bytes())
    changed = {
        "model": replace(asked, model="bundled-causal"),
        "another of the name": replace(asked, recording=other),
        "stills": replace(asked, stills=False),
        "detector": replace(asked, detectors=("prosody",)),
    }.get(change, asked)
    if change == "words":
        talk.write_text(talk.read_text() + "ANNA: And you?\n", encoding="utf-8")
    if change == "damaged":
        written.write_text("{}")
    if change == "report":
        report.unlink()
    assert changed.done_before() is None


class Dying(Asked):
    """A recording whose analysis kills its process if it is called bad."""

    def analysed(self):
        if self.stem == "bad":
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"


def test_a_killed_process_costs_its_own_recording_alone(tmp_path):
    names = ["0", "bad", "1", "2"]
    asked = [Dying(tmp_path / f"{n}.txt", None, "", tmp_path, (), n, True) for n in names]
    found = {}
    for one, result in each_analysed(asked, 2):
        try:
            found[one.stem] = result()
        except EmospotError as error:
            found[one.stem] = str(error)
    assert sorted(found) == sorted(names)
    assert "bad.txt: its process was killed" in found.pop("bad")
    assert set(found.values()) == {"done"}


SLOW = """
import os, sys, time
from pathlib import Path
from emospot.cli.analyze_many import Asked, each_analysed

class Slow(Asked):
    def analysed(self):
        (self.out / f"{os.getpid()}.pid").touch()
        time.sleep(600)

if __name__ == "__main__":
    out = Path(sys.argv[1])
    list(each_analysed([Slow(out / n, None, "", out, (), n, True) for n in "ab"], 2))
"""


def test_no_process_outlives_the_one_that_began_it(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path)])
    try:
        assert eventually(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
    finally:
        process.kill()
        process.wait()
    pids = [int(path.stem) for path in tmp_path.glob("*.pid")]
    assert eventually(lambda: not any(is_running(pid) for pid in pids))


def eventually(holds, seconds=120):
    deadline = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def is_running(pid):
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not (status.exists() and ") Z " in status.read_text())
    except OSError:
        return False
