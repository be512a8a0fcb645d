from pathlib import Path

import pytest

from emospot.media.cues import Cue, segments_of_cues
from emospot.media.transcript_types import Notices


def segments(*texts, entities=False):
    cues = [Cue(1, 10.0 * k, 10.0 * k + 10.0, tuple(t.split("\n"))) for k, t in enumerate(texts)]
    return segments_of_cues(cues, Notices(Path("talk.srt")), entities=entities)


def test_several_named_speakers_share_the_time_by_characters():
    first, second = segments("ANNA: Hello you there.\nBEN: Hi.")
    assert (first.speaker, first.text) == ("ANNA", "Hello you there.")
    assert (second.speaker, second.text) == ("BEN", "Hi.")
    assert (first.start, second.end) == (0.0, 10.0)
    assert first.end == second.start == pytest.approx(10 * 22 / 30)


def test_dashes_part_speakers_whose_names_are_unknown():
    found = segments("- Hello\n- Hi\nyou", "- only one dash", "a - b\n-c")
    assert [(s.speaker, s.text) for s in found] == [
        (None, "Hello"),
        (None, "Hi you"),
        (None, "- only one dash"),
        (None, "a - b -c"),
    ]


def test_a_name_on_a_line_of_its_own():
    assert [(s.speaker, s.text) for s in segments("ANNA:\nHello\nthere", "and so on")] == [
        ("ANNA", "Hello there"),
        (None, "and so on"),
    ]


def test_voice_tags():
    found = segments("before <v.loud Anna  Maria>Hello</v>\n<v Ben>Hi <i>you</i>", "<v Ben></v>")
    assert [(s.speaker, s.text) for s in found] == [
        (None, "before"),
        ("Anna Maria", "Hello"),
        ("Ben", "Hi you"),
        ("Ben", ""),
    ]


def test_entities_are_read_last_so_that_written_tags_stay():
    (one,) = segments("<v R&amp;D>&lt;b&gt; &amp;amp;", entities=True)
    assert (one.speaker, one.text) == ("R&D", "<b> &amp;")


def test_time_marks_give_words():
    (one,) = segments("Oh<00:00:02.000><c> my</c> <00:00:05.000>dear me")
    assert one.text == "Oh my dear me"
    assert [(w.start, w.end, w.text) for w in one.words] == [
        (0.0, 2.0, "Oh"),
        (2.0, 5.0, "my"),
        (5.0, 10.0, "dear me"),
    ]


def test_time_marks_out_of_order_are_not_believed():
    (one,) = segments("Oh<00:00:06.000>my<00:00:05.000>dear")
    assert one.words == ()


def test_a_cue_without_text_stays():
    assert [(s.start, s.text) for s in segments("", "<i></i>")] == [(0.0, ""), (10.0, "")]


def test_what_emospot_says_of_an_emotion_is_no_word():
    (one,) = segments("<v.sadness Anna><c.emotion>Anna\n[sadness 57 %]:</c> Oh <c.loud>no</c></v>")
    assert (one.speaker, one.text) == ("Anna", "Oh no")
    (silent,) = segments("<v.sadness Anna><c.emotion>Anna [sadness 57 %]</c></v>")
    assert (silent.speaker, silent.text) == ("Anna", "")
