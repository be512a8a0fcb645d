from dataclasses import replace

from emospot.analysis.types import HotspotFinding, ModalityFinding, UtteranceFinding
from emospot.report.summary_text import summary_lines

SAID = UtteranceFinding("1", "ANNA", 65.0, 67.0, "I am so angry", "anger", 0.816, {"anger": 0.816})
WORDS = HotspotFinding("words", 65.0, 66.0, 0.9, "lexicon", True, 0.5, char_start=5, char_end=13)
VOICE = HotspotFinding("voice", 65.0, 66.0, 0.4, "loudness", False)


def test_a_line_tells_time_speaker_emotion_and_the_strongest_hotspot():
    (line,) = summary_lines([replace(SAID, hotspots=(VOICE, WORDS))])
    assert line.split() == ["1:05.0", "ANNA", "anger", "82%", "words:", "“so", "angry”", "(0.90)"]


def test_what_was_not_used_is_said_so():
    (line,) = summary_lines([replace(SAID, hotspots=(VOICE,))])
    assert line.endswith("voice: loudness (0.40, measured, not used)")


def test_the_hotspot_that_counted_most_is_named_with_what_is_left_without_it():
    counted = replace(WORDS, score=0.3, char_start=0, char_end=4, effect=0.216)
    against = replace(WORDS, effect=-0.3)
    (line,) = summary_lines([replace(SAID, hotspots=(VOICE, against, counted))])
    assert line.endswith("words: “I am” (0.30, without it 60%)")


def test_where_nothing_counted_the_strongest_is_named():
    little, nothing = replace(WORDS, effect=0.002), replace(WORDS, score=0.1, effect=-0.4)
    (line,) = summary_lines([replace(SAID, hotspots=(VOICE, nothing, little))])
    assert line.endswith("words: “so angry” (0.90)")


def test_without_hotspots_and_time():
    (line,) = summary_lines([replace(SAID, start=None, end=None)])
    assert line.split() == ["–", "ANNA", "anger", "82%"]


def test_columns_stay_in_line():
    lines = summary_lines([SAID, replace(SAID, speaker="BENJAMIN")])
    assert len({line.index("anger") for line in lines}) == 1
    assert summary_lines([]) == []


def test_where_nothing_was_read_no_class_is_named():
    unread = replace(
        SAID, emotion="unsure", confidence=0.2, modalities={"voice": ModalityFinding(True, False)}
    )
    lines = summary_lines([SAID, unread, replace(unread, hotspots=(VOICE,))])
    assert lines[1].split("  ") == ["1:05.0", "ANNA", "nothing read"]
    assert "20%" not in lines[2]
    assert "nothing read" in lines[2]
    assert lines[2].index("voice:") == len(lines[0]) + 2
