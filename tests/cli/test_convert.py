import json
import shutil

import pytest

ALL = ("srt", "vtt", "csv", "jsonl", "TextGrid", "eaf", "rttm", "jsonld")


@pytest.fixture
def timed(tmp_path):
    path = tmp_path / "talk.srt"
    path.write_text(
        "1\n00:00:00,500 --> 00:00:02,000\nANNA: I am so happy today!\n\n"
        "2\n00:00:02,500 --> 00:00:04,000\nBEN: I hate this rain.\n",
        encoding="utf-8",
    )
    return path


def test_analyze_exports_and_convert_gives_the_same(emospot, timed, tmp_path):
    out, again = tmp_path / "out", tmp_path / "again"
    ran = emospot("analyze", timed, "--out", out, "--export", "all")
    assert ran.status == 0, ran.err
    files = sorted(path.name for path in out.glob("*.emotions.*"))
    assert files == sorted(f"talk.emotions.{ending}" for ending in ALL)
    assert f"written: {out / 'talk.emotions.srt'}" in ran.err
    assert "written" not in ran.out
    ran = emospot("convert", out / "talk.analysis.json", "--to", "all", "--out", again)
    assert (ran.status, ran.out) == (0, "")
    for name in files:
        assert (again / name).read_bytes() == (out / name).read_bytes()
    # Beside the analysis, if nothing else is said.
    (out / "talk.emotions.srt").unlink()
    assert emospot("convert", out / "talk.analysis.json", "--to", "srt").status == 0
    assert (out / "talk.emotions.srt").is_file()


def test_what_was_done_before_is_exported_too(emospot, timed, tmp_path):
    out = tmp_path / "out"
    arguments = ("analyze", timed, "--out", out, "--resume", "--json")
    first = emospot(*arguments)
    ran = emospot(*arguments, "--export", "rttm")
    assert "was done before" in ran.err
    assert json.loads(ran.out) == json.loads(first.out)
    assert (out / "talk.emotions.rttm").read_text().startswith("SPEAKER talk 1 0.5")


def test_a_text_without_times_has_no_subtitles_but_a_table(emospot, talk, timed, tmp_path):
    out = tmp_path / "out"
    ran = emospot("analyze", talk, "--out", out, "--export", "srt,csv")
    assert ran.status == 2
    (line,) = ran.error_lines
    assert "talk.txt: its utterances have no times, and srt is made of times" in line
    assert {p.name for p in out.glob("talk*")} == {
        "talk.analysis.json", "talk.html", "talk.emotions.csv",
    }  # fmt: skip
    other = tmp_path / "other.srt"
    shutil.copy(timed, other)
    both = emospot("analyze", talk, other, "--out", out, "--export", "srt")
    assert both.status == 1
    assert (out / "other.emotions.srt").is_file()
    assert both.error_lines[-1].startswith("emospot: 1 of 2 recordings failed: talk.txt")


def test_what_has_no_times_is_told(emospot, timed, tmp_path):
    out = tmp_path / "out"
    emospot("analyze", timed, "--out", out)
    path = out / "talk.analysis.json"
    plain = json.loads(path.read_text())
    plain["utterances"][0]["start"] = None
    path.write_text(json.dumps(plain))
    ran = emospot("convert", path, "--to", "vtt,csv")
    assert ran.status == 0
    assert "warning: 1 of 2 utterances have no times" in ran.err
    assert "no times" not in emospot("convert", path, "--to", "csv").err


def test_one_bad_analysis_does_not_cost_the_others(emospot, timed, tmp_path):
    out, bad = tmp_path / "out", tmp_path / "bad.analysis.json"
    emospot("analyze", timed, "--out", out)
    bad.write_text("{}")
    ran = emospot("convert", bad, out / "talk.analysis.json", "--to", "srt", "--media", tmp_path)
    assert ran.status == 1
    assert (out / "talk.emotions.srt").is_file()
    assert "bad.analysis.json: found a dictionary without utterances" in ran.error_lines[0]
    assert ran.error_lines[1] == "emospot: 1 of 2 analyses failed: bad.analysis.json"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("analyze", "TALK", "--export", "doc"), 2, '--export "doc": known formats are srt'),
        (("convert", "TALK", "--to", "doc"), 2, '--to "doc": known formats are srt'),
        (("convert", "TALK", "--to", ""), 2, "--to names no format"),
        (("convert", "TALK", "--to", "srt", "--media", "gone"), 2, "--media gone is not there"),
        (("convert", "TALK", "x.json", "--to", "srt", "--media", "TALK"), 2, "name their folder"),
        (("convert", "TALK", "--to", "srt"), 1, "talk.txt: is no JSON"),
        (("convert", "gone.json", "--to", "srt"), 1, "gone.json: cannot be read"),
        (("hotspots", "TALK", "--export", "doc", "--out", "x"), 2, "known formats are json, csv"),
    ],
)
def test_wrong_use_is_one_line(emospot, talk, tmp_path, monkeypatch, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    ran = emospot(*(talk if a == "TALK" else a for a in arguments))
    assert (ran.status, ran.out) == (status, "")
    (line,) = ran.error_lines
    assert message in line


def test_a_corrected_export_is_not_lost(emospot, timed, tmp_path):
    out = tmp_path / "out"
    emospot("analyze", timed, "--out", out, "--export", "eaf")
    (export,) = out.glob("*.emotions.eaf")
    corrected = export.read_text(encoding="utf-8") + "<!-- mine -->"
    export.write_text(corrected, encoding="utf-8")
    again = emospot("convert", next(out.glob("*.analysis.json")), "--to", "eaf")
    (kept,) = out.glob("*.changed-1.emotions.eaf")
    assert kept.read_text(encoding="utf-8") == corrected
    assert f"{export.name} had been changed since it was written; that is now" in again.err
    assert kept.name in again.err
