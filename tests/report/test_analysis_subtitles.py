"""Subtitles are opened by pysubs2, and by our own reader of transcripts."""

import re
from dataclasses import replace

import pysubs2
import pytest
import webvtt

from emospot.media.transcripts import read_transcript
from emospot.report.analysis_subtitles import to_srt, to_vtt


@pytest.fixture
def opened(tmp_path):
    def open_(text, ending):
        path = tmp_path / f"talk{ending}"
        path.write_text(text, encoding="utf-8")
        return pysubs2.load(str(path)), path

    return open_


@pytest.mark.parametrize(("write", "ending"), [(to_srt, ".srt"), (to_vtt, ".vtt")])
def test_a_cue_an_utterance_at_its_time(analysis, opened, write, ending):
    cues, _ = opened(write(analysis), ending)
    times = [(round(1000 * u.start), round(1000 * u.end)) for u in analysis.utterances]
    assert [(cue.start, cue.end) for cue in cues] == times
    assert cues[0].plaintext == (
        "Mara [frustration 58 %]: You said you would be here at six. It is almost nine."
    )
    # "unsure" is no probability of its own: the likeliest class is named.
    assert cues[3].plaintext == "Jonas [unsure: sadness 34 %]: The battery was gone. I am sorry."


def test_nothing_is_sure_that_is_not(analysis, opened):
    sure = replace(analysis.utterances[0], confidence=0.999, text="")
    blank = replace(sure, emotion="unsure", probabilities={})
    cues, _ = opened(to_srt(replace(analysis, utterances=(sure, blank))), ".srt")
    assert [cue.plaintext for cue in cues] == ["Mara [frustration >99 %]", "Mara"]


def test_awkward_srt(awkward, opened):
    cues, path = opened(to_srt(awkward), ".srt")
    assert len(cues) == 5  # but for the one without times
    assert cues[0].text.startswith('text [anger 33 %]: =SUM(A1) → "quoted" & ')
    assert all(cue.end > cue.start for cue in cues)
    assert len(read_transcript(path).segments) == 5


def test_awkward_vtt_comes_back_as_a_transcript(awkward, opened):
    cues, path = opened(to_vtt(awkward), ".vtt")
    assert len(cues) == 5
    back = read_transcript(path).segments
    assert [(s.speaker, s.text) for s in back] == [
        ("text", '=SUM(A1) --> "quoted" & <b>bold</b>'),
        ("@Eve <script>", "I & I"),
        ("@Eve <script>", "über alles\x01"),
        ("@Eve <script>", "-"),
        ("Zoë - B", ""),
    ]
    assert back[0].start == 0.125
    assert back[3].end > back[3].start


def test_vtt_is_written_as_the_standard_wants(awkward):
    text = to_vtt(awkward)
    assert text.startswith("WEBVTT\n\n")
    assert "<script>" not in text
    assert "<b>" not in text
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    for block in blocks[1:]:
        arrows = [number for number, line in enumerate(block) if "-->" in line]
        if block[0].startswith("NOTE") or block[0] == "STYLE":
            assert arrows == []
        else:
            assert arrows == [1]  # an identifier, then the times
            assert re.fullmatch(r"<v\.[\w-]+ [^<>]+><c\.emotion>[^<>]+</c>[^<>]*</v>", block[2])
    (style,) = [block for block in blocks if block[0] == "STYLE"]
    assert all(re.fullmatch(r"::cue\(\.[\w-]+\) \{ color: #\w{6} \}", line) for line in style[1:])
    classes = set(re.findall(r"<v\.([\w-]+)", text))
    assert classes == {"anger", "unsure"}
    assert all(f"::cue(.{name})" in text for name in classes)


def test_vtt_tells_what_is_known_in_notes(analysis):
    text = to_vtt(analysis)
    notes = re.findall(r"NOTE (.*?)\n\n", text, re.DOTALL)
    assert notes[0] == "evening.mp4: emotions by emospot, model words-voice 1.2"
    assert notes[1:3] == list(analysis.model.limits)
    title, *known = notes[3].split("\n")
    assert title == "what is known of each cue"
    assert len(known) == 10
    assert known[0].startswith("1 (turn-0): frustration 0.5800, happiness 0.1400")
    assert "voice 1.920–2.415 s loudness (not used) 0.58" in known[0]
    assert known[0].endswith("almost nine: lexicon 0.41")


def test_a_strict_reader_of_vtt(awkward):
    read = webvtt.from_string(to_vtt(awkward))
    assert [c.voice for c in read.captions] == [
        "text", "@Eve &lt;script&gt;", "@Eve &lt;script&gt;", "@Eve &lt;script&gt;", "Zoë - B",
    ]  # fmt: skip
    assert [c.identifier for c in read.captions] == list("12345")
    assert [c.start for c in read.captions][:2] == ["00:00:00.125", "00:00:00.500"]
    assert read.captions[1].text == "@Eve &lt;script&gt; [anger 33 %]: I &amp; I"
    assert len(read.styles) == 1


def test_nothing_said(analysis, opened):
    nobody = replace(analysis, utterances=())
    assert to_srt(nobody) == ""
    assert to_vtt(nobody).startswith("WEBVTT")
