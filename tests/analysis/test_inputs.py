import pytest

from emospot.analysis import inputs
from emospot.analysis.inputs import read_inputs
from emospot.errors import MediaError, TranscriptError, UsageError
from emospot.sample import sample_files

SAMPLE = sample_files()


def test_a_recording_with_its_transcript():
    read = read_inputs(SAMPLE.conversation, SAMPLE.transcript)
    assert read.name == "conversation.ogg"
    assert read.conversation.speakers == ("ANNA", "BEN")
    assert read.conversation.media == SAMPLE.conversation
    assert read.info is not None
    assert (read.notices, read.speechless) == ((), False)


def test_a_transcript_alone():
    read = read_inputs(SAMPLE.transcript)
    assert (read.name, read.info) == ("conversation.srt", None)
    assert len(read.conversation.utterances) == 10
    assert read.conversation.media is None


def test_two_transcripts_are_wrong_use():
    with pytest.raises(UsageError, match="are both transcripts"):
        read_inputs(SAMPLE.transcript, SAMPLE.transcript)


def test_without_transcript_voice_activity_gives_the_utterances():
    read = read_inputs(SAMPLE.conversation)
    turns = read_inputs(SAMPLE.conversation, SAMPLE.transcript).conversation.utterances
    found = read.conversation.utterances
    # The sample's turns are parted by silence; VAD may part or join some.
    heard = sum(
        min(f.end, t.end) - max(f.start, t.start)
        for f in found
        for t in turns
        if min(f.end, t.end) > max(f.start, t.start)
    )
    assert heard > 0.8 * sum(t.end - t.start for t in turns)
    assert all(u.text is None for u in found)
    assert "voice activity" in read.notices[0]


def test_silence_has_no_utterance(silence):
    read = read_inputs(silence)
    assert read.conversation.utterances == ()
    assert read.speechless
    assert read.notices == ("silence.wav: no speech was found, so there is nothing to analyse",)


def test_a_video_without_speech_is_taken_as_a_whole(silent_video):
    read = read_inputs(silent_video)
    (whole,) = read.conversation.utterances
    assert (whole.start, whole.end) == (0.0, read.info.duration)
    assert read.speechless
    assert "no speech was found" in read.notices[0]
    assert "as one utterance" in read.notices[0]


def test_a_video_without_sound_is_cut_into_equal_parts(monkeypatch):
    monkeypatch.setattr(inputs, "LONGEST_UTTERANCE", 2.5)
    read = read_inputs(SAMPLE.face)
    spans = [(u.start, u.end) for u in read.conversation.utterances]
    assert [round(end - start, 2) for start, end in spans] == [2.0, 2.0, 2.0]
    assert [start for start, _ in spans[1:]] == [end for _, end in spans[:-1]]
    assert "has no sound" in read.notices[0]
    assert "in 3 parts of 2.0 s" in read.notices[0]


def test_overlaps_and_empty_texts_are_told(write_srt):
    path = write_srt((0, 3, "ANNA: Hello there."), (2, 5, "BEN: Hi!"), (4, 6, "ANNA: "))
    notices = read_inputs(path).notices
    assert "talk.srt: 1 of 3 utterances have no words (the first at 4.0 s)" in notices
    assert any(
        "2 utterance(s) begin before another has ended (the first at 2.0 s)" in n for n in notices
    )


def test_a_transcript_without_times_has_no_overlaps(tmp_path):
    path = tmp_path / "talk.txt"
    path.write_text("ANNA: Hello.\nBEN: Hi!\n", encoding="utf-8")
    assert read_inputs(path).notices == ()


def test_a_notice_of_the_reader_comes_once(tmp_path):
    path = tmp_path / "talk.csv"
    path.write_text("speaker,start,end,text\nA,,,Hi\nB,,,\n", encoding="utf-8")
    (notice,) = read_inputs(path).notices
    assert notice.startswith("talk.csv, line 3: neither text nor time")


def test_the_transcript_of_another_recording_is_named(write_srt):
    path = write_srt((300, 301, "ANNA: Hello."))
    with pytest.raises(TranscriptError, match=r"talk\.srt: .*after the recording's end at 4[45]"):
        read_inputs(SAMPLE.conversation, path)


@pytest.mark.parametrize("content", [b"", b"\x07garbage" * 900])
def test_what_is_no_recording_is_an_error_that_names_it(tmp_path, content):
    (tmp_path / "talk.mp4").write_bytes(content)
    with pytest.raises(MediaError, match=r"talk\.mp4"):
        read_inputs(tmp_path / "talk.mp4")


def test_a_recording_that_is_cut_off_is_used_and_told(cut_off):
    read = read_inputs(cut_off)
    assert read.conversation.utterances
    assert any("it seems to be cut off" in notice for notice in read.notices)
