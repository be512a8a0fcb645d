import pympi
import pytest

from emospot.errors import TranscriptError
from emospot.media.annotation_file import read_annotations, score_of
from emospot.media.textgrid_writing import textgrid
from emospot.media.tier_names import TierName
from emospot.media.tiers import Interval


def test_a_textgrid(tmp_path):
    path = tmp_path / "talk.TextGrid"
    tiers = {"Anna": [Interval(1.0, 2.0, "Hi")], "Anna - emotion": []}
    path.write_text(textgrid(tiers, 3.0), encoding="utf-8")
    found = read_annotations(path)
    first, second = found.tiers
    assert (first.name, first.known, first.participant, first.parent) == ("Anna", None, None, "")
    assert [i.text for i in first.intervals] == ["", "Hi", ""]
    assert second.known == TierName("emotion", "Anna")
    assert (found.path, found.media, found.notices) == (path, (), ())


def test_an_encoding_that_was_guessed_is_told(tmp_path):
    path = tmp_path / "talk.TextGrid"
    path.write_bytes(textgrid({"Zoë": []}, 3.0).encode("cp1252"))
    found = read_annotations(path)
    assert found.tiers[0].name == "Zoë"
    assert "Windows-1252" in found.notices[0]


def test_elan_gives_parents_participants_and_choices_in_order_of_time(tmp_path):
    eaf = pympi.Eaf(author="x")
    eaf.add_linguistic_type("emotion", "Symbolic_Association", False)
    eaf.add_tier("A", part="Anna")
    eaf.add_tier("feelings", "emotion", "A")
    for start in (4000, 1000):
        eaf.add_annotation("A", start, start + 500, "Oh")
        eaf.add_ref_annotation("feelings", "A", start + 100, f"at {start}")
    path = tmp_path / "talk.eaf"
    eaf.to_file(str(path))
    by_name = {tier.name: tier for tier in read_annotations(path).tiers}
    felt = by_name["feelings"]
    assert (felt.known, felt.participant, felt.parent) == (TierName("emotion"), "Anna", "A")
    assert [(i.start, i.text) for i in felt.intervals] == [(1.0, "at 1000"), (4.0, "at 4000")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.srt", b"x", "expected an ELAN file"),
        ("a.eaf", b"", "the file is empty"),
        ("a.eaf", b"<x/>", "found <x>"),
        ("a.TextGrid", b"nothing", "TextGrid"),
        ("a.TextGrid", None, "no such file"),
    ],
)
def test_what_cannot_be_read(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TranscriptError, match=message):
        read_annotations(path)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("phrase 0.83", 0.83),
        ("0.5", 0.5),
        ("laughter", 1.0),
        ("", 1.0),
        ("1.7", 1.0),
        ("x .25", 0.25),
    ],
)
def test_scores(text, score):
    assert score_of(text) == score
