"""`emospot hotspots`: what a user types and sees."""

import json

import pytest

from emospot.hotspots.registry import panel
from emospot.media import decode
from emospot.sample import sample_files

SAMPLE = sample_files()


@pytest.fixture
def marks(tmp_path):
    path = tmp_path / "marks.csv"
    path.write_text("recording,start,end\ntalk,1.0,2.0\ntalk,5.0,6.0\nsong,0.0,1.0\n")
    return path


def test_find_is_what_it_does_by_default(emospot, talk):
    short, long = emospot("hotspots", talk), emospot("hotspots", "find", talk)
    assert short == long
    lines = short.out.splitlines()
    assert ["“so happy”" in lines[0], "ANNA" in lines[0], "lexicon" in lines[0]] == [True] * 3
    assert "voice: no recording was given" in short.err


def test_json_and_exports(emospot, tmp_path):
    out = tmp_path / "out"
    ran = emospot(
        "hotspots", "--detector", "phrases", "--detector", "lexicon", "--transcript",
        SAMPLE.transcript, "--out", out, "--export", "csv, TextGrid", "--json",
        SAMPLE.conversation,
    )  # fmt: skip
    plain = json.loads(ran.out)
    assert plain["detectors"] == {"words": "lexicon", "voice": "phrases"}
    assert sorted(path.name for path in out.iterdir()) == [
        "conversation.hotspots.TextGrid", "conversation.hotspots.csv",
    ]  # fmt: skip
    rows = (out / "conversation.hotspots.csv").read_text().splitlines()
    assert len(rows) == 1 + len(plain["hotspots"])
    assert ran.err.count("written: ") == 2
    again = emospot("hotspots", talk_of(tmp_path), "--out", out, "--export", "all")
    assert again.status == 0
    assert len(list(out.iterdir())) == 2 + 6


def talk_of(tmp_path):
    path = tmp_path / "calm.txt"
    path.write_text("ANN: It is a table.\n", encoding="utf-8")
    return path


def test_nothing_found_is_said(emospot, tmp_path):
    assert emospot("hotspots", talk_of(tmp_path)).out == "no hotspot was found\n"


def test_one_bad_recording_does_not_cost_the_others(emospot, talk, broken):
    ran = emospot("hotspots", broken, talk)
    assert ran.status == 1
    assert "so happy" in ran.out
    assert f"{talk}:" in ran.out
    assert ran.error_lines[-1].startswith("emospot: 1 of 2 recordings failed: broken.mp4")


def test_list(emospot):
    assert "lexicon" in emospot("hotspots", "list").out
    listed = json.loads(emospot("hotspots", "list", "--json").out)
    assert listed["phrases"]["modality"] == "voice"


def test_a_foreign_file_is_scored(emospot, marks, tmp_path):
    found = tmp_path / "theirs.csv"
    found.write_text("file,onset,offset,score\ntalk.wav,1.2,2.0,0.9\nsong.wav,4,5,0.1\n")
    ran = emospot("hotspots", "evaluate", marks, "--found", found, "--json")
    scores = json.loads(ran.out)[str(found)]
    assert scores["precision"]["value"] == pytest.approx(1 / 2)
    assert scores["recall"]["value"] == pytest.approx(1 / 3)
    assert scores["f1"]["value"] == pytest.approx(2 / 5)
    assert scores["onset_error"]["value"] == pytest.approx(0.2)
    strict = emospot("hotspots", "evaluate", marks, "--found", found, "--iou", "0.9", "--json")
    plain = json.loads(strict.out)[str(found)]
    assert plain["recall"]["value"] == 0
    assert plain["onset_error"] == {"value": None, "low": None, "high": None}
    shown = emospot("hotspots", "evaluate", marks, "--found", found).out
    assert "3 marked spans in 2 recording(s)" in shown


def test_detectors_are_scored_on_recordings(emospot, tmp_path, monkeypatch):
    found = tmp_path / "own"
    emospot("hotspots", SAMPLE.conversation, "--detector", "prosody", "--out", found)
    (own,) = found.iterdir()
    readings = []
    read = decode.audio_of_spans
    monkeypatch.setattr(
        decode, "audio_of_spans", lambda *a, **k: readings.append(1) or read(*a, **k)
    )
    ran = emospot(
        "hotspots", "evaluate", own, SAMPLE.conversation, "--detector", "prosody",
        "--detector", "phrases", "--json",
    )  # fmt: skip
    assert len(readings) == 1, "once for both"
    scores = json.loads(ran.out)
    assert list(scores) == ["prosody", "phrases"]
    # A detector agrees with what it has written itself.
    assert scores["prosody"]["f1"]["value"] == pytest.approx(1.0)
    assert scores["phrases"]["f1"]["value"] < 1.0


def test_words_of_recordings_are_scored_with_their_transcripts(emospot, tmp_path):
    recording, transcript = SAMPLE.conversation, SAMPLE.transcript
    found = tmp_path / "own"
    chosen = ("--detector", "lexicon", "--transcript", transcript)
    emospot("hotspots", recording, *chosen, "--out", found)
    (own,) = found.iterdir()
    ran = emospot("hotspots", "evaluate", own, recording, *chosen, "--json")
    assert json.loads(ran.out)["lexicon"]["f1"]["value"] == pytest.approx(1.0)
    # Of several recordings, each takes the transcript of its own name.
    copy = tmp_path / f"copy{recording.suffix}"
    copy.write_bytes(recording.read_bytes())
    both = emospot("hotspots", "evaluate", own, recording, copy, *chosen, "--json")
    assert json.loads(both.out)["lexicon"]["recall"]["value"] == pytest.approx(1.0)
    assert f"{copy}: words not looked at: no words were given" in both.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("TALK", "--detector", "laughs"), 'no hotspot detector "laughs"; known ones: lexicon'),
        (("TALK", "--detector", "lexicon+phrases"), "combine detectors of one modality"),
        (("TALK", "--export", "csv"), "--export needs --out"),
        (("evaluate", "MARKS", "--found", "MARKS", "--modality", "voic"), "expected words, voice"),
        (("TALK", "--export", "pdf"), '"pdf": known formats are json, csv, textgrid'),
        (("TALK", "TALK2", "--transcript", "TALK"), "--transcript belongs to one recording"),
        (("evaluate", "MARKS"), "give either --found FILE, or --detector"),
        (("evaluate", "MARKS", "--detector", "phrases"), "--detector looks at recordings"),
        (("evaluate", "MARKS", "--found", "MARKS", "--iou", "0"), "--iou must lie above 0"),
        (("evaluate", "MARKS", "--found", "GONE"), "gone.csv is not there"),
        (
            ("evaluate", "MARKS", "--found", "MARKS", "--transcript", "TALK"),
            "--transcript is for --detector",
        ),
        (
            (
                "evaluate",
                "MARKS",
                "TALK",
                "TALK2",
                "--detector",
                "lexicon",
                "--transcript",
                "GONE",
            ),
            "no recording is called gone",
        ),
        (
            (
                "evaluate",
                "MARKS",
                "TALK",
                "TALK2",
                "--detector",
                "lexicon",
                "--transcript",
                "GONE",
                "--transcript",
                "GONE",
            ),
            "two transcripts have the same name",
        ),
    ],
)
def test_wrong_use_is_one_line(emospot, talk, marks, tmp_path, arguments, message):
    names = {"TALK": talk, "TALK2": marks, "MARKS": marks, "GONE": tmp_path / "gone.csv"}
    ran = emospot("hotspots", *(names.get(a, a) for a in arguments))
    assert (ran.status, ran.out) == (2, "")
    (line,) = ran.error_lines
    assert message in line


def test_help(emospot):
    assert "find" in emospot("hotspots", "--help").out
    assert "--detector" in emospot("hotspots", "find", "--help").out


@pytest.mark.slow
@pytest.mark.untraced
def test_a_benchmark(emospot, shared_data, tmp_path, monkeypatch):
    monkeypatch.setenv("EMOSPOT_DATA", str(shared_data))
    arguments = ("hotspots", "benchmark", "--out", tmp_path / "o", "--detector", "lexicon")
    ran = emospot(*arguments, "--truth", "reccon-iemocap", "--json")
    plain = json.loads(ran.out)
    assert plain == json.loads((tmp_path / "o" / "results.json").read_text())
    assert [run["model"] for run in plain["runs"]] == ["the whole utterance", "lexicon"]
    assert "| lexicon |" in (tmp_path / "o" / "table.md").read_text()
    (line,) = emospot(*arguments, "--truth", "laughs").error_lines
    assert 'no known moments "laughs", only ravdess-splices' in line


def test_faithfulness_of_the_bundled_model(emospot, tmp_path):
    """On a store of two short talks in the form of the model's training."""
    table = tmp_path / "talks.csv"
    rows = ["dialogue,utterance,speaker,text,emotion,split"]
    for dialogue in ("a", "b"):
        for n, text in enumerate(("I am so happy to see you!", "This is awful, I hate it.")):
            rows.append(f'{dialogue},{dialogue}{n},S{n},"{text}",{n},test')
    table.write_text("\n".join(rows))
    store = tmp_path / "store"
    ran = emospot("corpus", "import", "table", table, "--out", store, "--label-set", "iemocap6")
    assert ran.status == 0
    out = tmp_path / "out"
    ran = emospot("hotspots", "faithfulness", "bundled", store, "--out", out, "--utterances", "3")
    assert "## bundled on talks (test): tokens of words taken away from 3 utterances" in ran.out
    plain = json.loads((out / "results.json").read_text())
    assert {run["model"] for run in plain["runs"]} >= {"hotspots", "gate", "gradient"}
    wrong = emospot(
        "hotspots", "faithfulness", "bundled", store, "--out", out, "--modality", "voice"
    )
    assert "does not read several tokens of voice" in wrong.error_lines[0]


@pytest.mark.slow
@pytest.mark.untraced
def test_a_benchmark_of_what_a_model_has_learned(emospot, shared_data, tmp_path, monkeypatch):
    monkeypatch.setenv("EMOSPOT_DATA", str(shared_data))
    arguments = ("hotspots", "benchmark", "--out", tmp_path / "o", "--learned", "bundled")
    (line,) = emospot(*arguments).error_lines
    assert "the model bundled has not learned to find hotspots" in line
    # As if it had learned what another detector finds.
    monkeypatch.setattr(
        "emospot.analysis.learned_detector.learned_panels",
        lambda model, called: [panel("saliency")],
    )
    chosen = ("--detector", "lexicon", "--truth", "reccon-iemocap", "--json")
    plain = json.loads(emospot(*arguments, *chosen).out)
    assert [run["model"] for run in plain["runs"]][1:] == ["lexicon", "saliency"]
    assert plain["command"] == "emospot hotspots benchmark --out hotspots --learned bundled"


def test_words_of_a_transcript_are_scored_by_their_characters(emospot, talk, tmp_path):
    emospot("hotspots", talk, "--out", tmp_path / "own", "--export", "csv")
    (own,) = (tmp_path / "own").iterdir()
    ran = emospot("hotspots", "evaluate", own, talk, "--detector", "lexicon", "--json")
    assert json.loads(ran.out)["lexicon"]["f1"]["value"] == pytest.approx(1.0)


def test_marked_recordings_that_were_not_given_do_not_count(emospot, talk, tmp_path):
    marks = tmp_path / "marks.csv"
    (first, *_) = json.loads(emospot("hotspots", talk, "--json").out)["hotspots"]
    place = f"talk.txt,{first['utterance']},{first['char_start']},{first['char_end']}"
    rows = ["recording,utterance,char_start,char_end", place, "song.txt,s-0,0,3"]
    marks.write_text("\n".join(rows))
    ran = emospot("hotspots", "evaluate", marks, talk, "--detector", "lexicon", "--json")
    assert "1 marked recordings were not given" in ran.err
    assert json.loads(ran.out)["lexicon"]["recall"]["value"] == 1.0


def test_what_cannot_be_looked_at_holds_nothing(emospot, talk, tmp_path):
    marks = tmp_path / "marks.csv"
    marks.write_text("start,end\n0,1\n")
    ran = emospot("hotspots", "evaluate", marks, talk, "--detector", "phrases", "--json")
    assert "voice not looked at: no recording was given" in ran.err
    assert json.loads(ran.out)["phrases"]["recall"]["value"] == 0.0


def test_another_language_is_told(emospot, tmp_path):
    path = tmp_path / "wetter.txt"
    path.write_text(
        "ANN: Die Sonne scheint hell, und wir haben heute einen schönen Tag am Meer.\n"
    )
    ran = emospot("hotspots", path, "--detector", "lexicon")
    assert '"lexicon" does not understand their language ("de")' in ran.err
