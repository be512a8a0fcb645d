"""Speakers and words from sound, with a recogniser and voices that are known."""

from dataclasses import replace

import pytest

from emospot.analysis import listening
from emospot.analysis.inputs import read_inputs
from emospot.analysis.listening import Listening, segments_of, within
from emospot.analysis.listening import listening as asked_for
from emospot.errors import MissingExtraError, ModelError, UsageError
from emospot.media.transcript_types import TimedWord
from emospot.sample import sample_files
from emospot.speakers.choice import AUTO, OFF, SpeakersChoice

SAMPLE = sample_files()


class Said:
    """Says "Hm?" half a second after each second of what it hears, up to the twentieth."""

    name = "said (test)"

    def words(self, audio, language):
        return [
            TimedWord(s + 0.5, s + 0.7, " Hm?") for s in range(min(20, len(audio) // 16_000))
        ], "en"


@pytest.fixture
def voices(monkeypatch):
    """Speakers in turn, a change in the middle of the first span; notes what is asked for."""
    asked = []

    def turns(sounds, spans, number=None):
        asked.append((len(list(sounds)), number))
        (start, end), *rest = spans
        found = [(start, (start + end) / 2, "speaker 1"), ((start + end) / 2, end, "speaker 2")]
        return found + [(a, b, f"speaker {1 + i % 2}") for i, (a, b) in enumerate(rest)]

    def speakers(sounds, spans, number=None):
        asked.append((len(list(sounds)), number))
        return [f"speaker {1 + i % 2}" for i in range(len(spans))]

    monkeypatch.setattr("emospot.speakers.diarisation.turns_of_spans", turns)
    monkeypatch.setattr("emospot.speakers.diarisation.speakers_of_utterances", speakers)
    return asked


@pytest.fixture(scope="module")
def untold():
    """The sample without its transcript, speakers not told apart."""
    return read_inputs(SAMPLE.conversation)


def test_turns_become_utterances_with_speakers(voices, untold):
    read = read_inputs(SAMPLE.conversation, asked=Listening(AUTO))
    before = untold.conversation.utterances
    assert len(read.conversation.utterances) == len(before) + 1
    assert read.conversation.speakers == ("speaker 1", "speaker 2")
    assert (read.speakers_from, read.words_from) == ("voices", "")
    assert voices == [(len(before), None)]
    assert "utterances were found by voice activity" in read.notices
    assert any("2 speakers were told apart by the voices" in n for n in read.notices)
    assert (untold.speakers_from, untold.conversation.speakers) == ("", ("speaker",))
    assert any("speakers are not told apart" in n for n in untold.notices)


def test_a_given_number_is_passed_on_and_its_lack_is_told(voices):
    asked = Listening(SpeakersChoice(number=5))
    read = read_inputs(SAMPLE.conversation, asked=asked)
    assert voices[0][1] == 5
    assert any("5 speakers were asked for, and 2 could be" in n for n in read.notices)


def test_one_voice_is_told_from_nobody(monkeypatch):
    monkeypatch.setattr(
        "emospot.speakers.diarisation.turns_of_spans",
        lambda sounds, spans, number=None: [(a, b, "speaker 1") for a, b in spans],
    )
    read = read_inputs(SAMPLE.conversation, asked=Listening(AUTO))
    assert read.conversation.speakers == ("speaker 1",)
    assert "only one voice was found; if there are more, give --speakers N" in read.notices
    assert not any("told apart" in n or "went to the wrong" in n for n in read.notices)
    two = read_inputs(SAMPLE.conversation, asked=Listening(SpeakersChoice(number=2)))
    assert "2 speakers were asked for, and 1 could be told apart" in two.notices
    assert not any("went to the wrong" in n for n in two.notices)
    one = read_inputs(SAMPLE.conversation, asked=Listening(SpeakersChoice(number=1)))
    assert one.notices == ("utterances were found by voice activity",)


def test_without_the_extra_there_is_one_speaker_and_a_notice(monkeypatch, untold):
    def missing(*_):
        raise MissingExtraError("GE2E voice features", "voice")

    monkeypatch.setattr("emospot.speakers.diarisation.turns_of_spans", missing)
    monkeypatch.setattr("emospot.speakers.diarisation.speakers_of_utterances", missing)
    read = read_inputs(SAMPLE.conversation, asked=Listening(AUTO))
    assert read.conversation.speakers == ("speaker",)
    assert read.speakers_from == ""
    assert any("not told apart" in n and "emospot[voice]" in n for n in read.notices)


def test_speakers_of_the_transcript_stand(voices):
    read = read_inputs(SAMPLE.conversation, SAMPLE.transcript, asked=Listening(AUTO))
    assert read.conversation.speakers == ("ANNA", "BEN")
    assert (read.speakers_from, read.words_from, read.notices) == ("transcript", "transcript", ())
    assert voices == []
    three = Listening(SpeakersChoice(number=3))
    read = read_inputs(SAMPLE.conversation, SAMPLE.transcript, asked=three)
    assert "names the speakers: nobody was told apart" in read.notices[0]


def test_utterances_of_a_transcript_get_the_speakers_of_their_sound(voices, write_srt):
    path = write_srt((0.5, 3, "Hello there."), (3.5, 6, "Hi!"), (7, 9, "How are you?"))
    read = read_inputs(SAMPLE.conversation, path, asked=Listening(AUTO))
    assert [u.speaker for u in read.conversation.utterances] == [
        "speaker 1",
        "speaker 2",
        "speaker 1",
    ]
    assert read.conversation.utterances[0].text == "Hello there."
    assert (read.speakers_from, read.words_from) == ("voices", "transcript")
    off = read_inputs(SAMPLE.conversation, path, asked=Listening(OFF))
    assert (off.speakers_from, off.conversation.speakers) == ("", ("speaker",))


def test_a_transcript_without_times_or_recording_has_no_voices(voices, tmp_path):
    path = tmp_path / "talk.txt"
    path.write_text("Hello.\nHi!\n", encoding="utf-8")
    for read in (
        read_inputs(path, asked=Listening(AUTO)),
        read_inputs(SAMPLE.conversation, path, asked=Listening(AUTO)),
    ):
        assert (read.speakers_from, read.conversation.speakers) == ("", ("speaker",))
    assert voices == []


def test_words_get_the_speaker_of_their_time(voices, untold):
    read = read_inputs(SAMPLE.conversation, asked=Listening(AUTO, Said()))
    utterances = read.conversation.utterances
    assert read.words_from == "said (test)"
    assert sum((u.text or "").count("Hm?") for u in utterances) == 20
    assert not any(u.word_times_estimated for u in utterances)
    for u in utterances:
        assert all(u.start - 1e-9 <= w.start <= w.end <= u.end + 1e-9 for w in u.words)
        assert [u.text[w.char_start : w.char_end] for w in u.words] == ["Hm"] * len(u.words)
    assert any('20 words were recognised in "en", by said (test)' in n for n in read.notices)


def test_words_in_silence_are_left_out_and_counted(tmp_path):
    """As recognisers do: what they hear nothing in becomes "Thank you."."""

    class Inventing(Said):
        def words(self, audio, language):
            found, language = super().words(audio, language)
            end = len(audio) / 16_000
            # Beyond the end, in the silence that fills the recogniser's window up.
            return [*found, TimedWord(end + 1, end + 2, " Thank you.")], language

    path = tmp_path / "talk.rttm"
    path.write_text(
        "SPEAKER talk 1 0.5 4.0 <NA> <NA> Ann <NA> <NA>\n"
        "SPEAKER talk 1 12.0 3.0 <NA> <NA> Ben <NA> <NA>\n",
        encoding="utf-8",
    )
    read = read_inputs(SAMPLE.conversation, path, asked=Listening(AUTO, Inventing()))
    assert [u.speaker for u in read.conversation.utterances] == ["Ann", "Ben"]
    assert not any("Thank" in (u.text or "") for u in read.conversation.utterances)
    assert any("2 more recognised words were left out" in n for n in read.notices)
    assert any('7 words were recognised in "en"' in n for n in read.notices)


def test_words_are_recognised_in_turns_of_an_rttm(tmp_path):
    path = tmp_path / "talk.rttm"
    path.write_text(
        "SPEAKER talk 1 0.5 4.0 <NA> <NA> Ann <NA> <NA>\n"
        "SPEAKER talk 1 5.0 6.0 <NA> <NA> Ben <NA> <NA>\n",
        encoding="utf-8",
    )
    read = read_inputs(SAMPLE.conversation, path, asked=Listening(AUTO, Said()))
    assert read.conversation.speakers == ("Ann", "Ben")
    assert (read.speakers_from, read.words_from) == ("transcript", "said (test)")
    assert all(u.text for u in read.conversation.utterances)
    with pytest.raises(UsageError, match="give one with sound"):
        read_inputs(path, asked=Listening(AUTO, Said()))


def test_words_that_are_there_are_not_recognised():
    with pytest.raises(UsageError, match=r"conversation\.srt brings the words already"):
        read_inputs(SAMPLE.conversation, SAMPLE.transcript, asked=Listening(AUTO, Said()))


def test_silence_has_no_speakers_and_no_words(silence, voices):
    read = read_inputs(silence, asked=Listening(AUTO, Said()))
    assert read.conversation.utterances == ()
    assert (read.speakers_from, read.words_from) == ("", "")


def test_a_pipeline_of_pyannote_tells_the_speakers(monkeypatch, untold, write_srt):
    spans = [(u.start, u.end) for u in untold.conversation.utterances]
    half = spans[len(spans) // 2][0]
    found = [(0.0, half, "speaker 1"), (half, 1e4, "speaker 2")]
    monkeypatch.setattr(listening, "_pipeline_turns", lambda recording, choice: found)
    asked = Listening(SpeakersChoice(pyannote="models/config.yaml"))
    read = read_inputs(SAMPLE.conversation, asked=asked)
    assert [(u.start, u.end) for u in read.conversation.utterances] == spans
    assert read.conversation.speakers == ("speaker 1", "speaker 2")
    assert any("2 speakers were told apart by a pipeline of pyannote" in n for n in read.notices)
    path = write_srt((0, 2, "Hello there."), (half + 0.5, half + 2, "Hi!"))
    read = read_inputs(SAMPLE.conversation, path, asked=asked)
    assert read.conversation.speakers == ("speaker 1", "speaker 2")


def test_a_pipeline_is_told_how_many_speak(monkeypatch):
    asked = []

    def turns(pipeline, recording, number=None):
        asked.append((pipeline, number))
        return [(0.0, 1e4, "speaker 1")]

    monkeypatch.setattr("emospot.speakers.pyannote_pipeline.load_pipeline", lambda path: path)
    monkeypatch.setattr("emospot.speakers.pyannote_pipeline.turns_by_pipeline", turns)
    read = read_inputs(SAMPLE.conversation, asked=asked_for("2,pyannote:models/config.yaml"))
    assert asked == [("models/config.yaml", 2)]
    assert "2 speakers were asked for, and 1 could be told apart" in read.notices


def test_a_pipeline_that_is_not_there_is_an_error():
    asked = Listening(SpeakersChoice(pyannote="no/such/config.yaml"))
    with pytest.raises(ModelError, match="there is no such pipeline"):
        read_inputs(SAMPLE.conversation, asked=asked)


def test_what_a_user_asks_for():
    assert asked_for("2") == Listening(SpeakersChoice(number=2))
    said = Said()
    assert asked_for("off", said) == Listening(OFF, said)
    with pytest.raises(UsageError, match="only the model of a recogniser"):
        asked_for("auto", allow_download=True)
    with pytest.raises(UsageError, match="expected auto, off"):
        asked_for("many")
    with pytest.raises(UsageError, match="no recogniser"):
        asked_for("auto", "whisper")


TURNS = [(0.0, 1.0, "Ann"), (1.0, 2.0, "Ben"), (10.0, 11.0, "Ann")]


def test_words_of_turns():
    words = [
        TimedWord(0.1, 0.4, " Oh"),
        TimedWord(0.8, 1.5, " no."),
        TimedWord(2.2, 2.6, " Why?"),
        TimedWord(5.0, 5.5, " Thanks."),
        TimedWord(9.0, 9.49, " Thanks."),
        TimedWord(9.8, 10.4, " Me."),
    ]
    found = segments_of(TURNS, words)
    assert [(s.speaker, s.text) for s in found] == [
        ("Ann", "Oh"),
        ("Ben", "no. Why?"),
        ("Ann", "Me."),
    ]
    # A turn reaches as far as its words; what is said in no turn is left out.
    assert [(s.start, s.end) for s in found] == [(0, 1), (0.8, 2.6), (9.8, 11)]


def test_a_word_drawn_out_over_a_pause_is_kept():
    found = segments_of(TURNS, [TimedWord(2.4, 5.0, " Well"), TimedWord(8.0, 10.2, " Me.")])
    assert [s.text for s in found] == ["", "Well", "Me."]


def test_turns_without_words_stay_and_words_without_turns_do_not():
    assert [s.text for s in segments_of(TURNS, [])] == ["", "", ""]
    assert segments_of([], [TimedWord(1.0, 2.0, " Hm.")]) == []
    assert segments_of([], []) == []


def test_nearest_turn_is_found_as_by_looking_at_all():
    import random

    draw = random.Random(0)  # noqa: S311
    turns, time = [], 0.0
    for number in range(40):
        start = time + draw.uniform(0, 1.5)
        time = start + draw.uniform(0.2, 3)
        turns.append((start, time, str(number)))
    words = sorted(
        (
            TimedWord(t, t + 0.1, f" w{i}")
            for i, t in enumerate(draw.uniform(0, time) for _ in range(200))
        ),
        key=lambda w: w.start,
    )
    said = {w: s.speaker for s in segments_of(turns, words) for w in s.text.split()}
    for word in words:
        middle = word.start + 0.05
        distances = [max(a - middle, middle - b, 0.0) for a, b, _ in turns]
        if min(distances) > 0.55:  # from the word's middle, half a second from its edge
            assert word.text.strip() not in said
            continue
        assert distances[int(said[word.text.strip()])] == pytest.approx(min(distances))


def test_turns_within_spans():
    assert within([], [(0.0, 1.0)]) == [(0.0, 1.0, "speaker")]
    turns = [(0.0, 2.0, "Ann"), (2.02, 4.0, "Ben")]
    assert within(turns, [(0.5, 2.05), (8.0, 9.0)]) == [(0.5, 2.0, "Ann"), (8.0, 9.0, "Ann")]


@pytest.mark.parametrize("choice", [AUTO, OFF])
def test_shares_of_voices_and_words_run_on(voices, choice):
    """The second part does not begin at 0 again."""
    shares = []
    asked = replace(Listening(choice, Said()), on_share=shares.append)
    read_inputs(SAMPLE.conversation, asked=asked)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert any(0 < share <= 0.1 for share in shares) == (choice is AUTO)
    shares.clear()
    read_inputs(SAMPLE.conversation, asked=replace(asked, speakers=AUTO, recogniser=None))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) == voices[-1][0]


@pytest.mark.parametrize(("speaker", "words_end"), [("Ann", 1.0), ("", 0.9)])
def test_shares_of_a_transcript_of_turns_run_on(voices, tmp_path, speaker, words_end):
    path = tmp_path / "talk.json"
    path.write_text(
        f'{{"segments": [{{"speaker": "{speaker}", "start": 0.5, "end": 4.0, "text": ""}},'
        f' {{"speaker": "{speaker}", "start": 9.0, "end": 12.0, "text": ""}}]}}',
        encoding="utf-8",
    )
    shares = []
    asked = replace(Listening(AUTO, Said()), on_share=shares.append)
    read_inputs(SAMPLE.conversation, path, asked=asked)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert words_end in [pytest.approx(share) for share in shares]
    assert len(shares) == (2 if speaker else 4)
