import re
from pathlib import Path

import pympi

from emospot.media.elan_document import read_elan_document
from emospot.media.elan_writing import WrittenTier, elan_document
from emospot.media.tiers import Interval

SAID = (Interval(0.5004, 1.0, "Oh\n&\x00 <no>"), Interval(2.0, 2.0, ""))
FELT = (Interval(2.0, 2.0, "sad"),)


def written(**options):
    tiers = [
        WrittenTier("Anna & Co", "said", SAID, "Anna"),
        WrittenTier("felt", "felt", FELT, "Anna", "Anna & Co", (1,)),
        WrittenTier("early", "said", (Interval(0.1, 0.2, "x"),)),
    ]
    return elan_document(tiers, **options)


def test_another_library_and_we_read_it(tmp_path):
    path = tmp_path / "talk.eaf"
    path.write_text(
        written(
            media="../a/talk.wav",
            vocabularies={"moods": ("glad", "sad")},
            vocabulary_of={"felt": "moods"},
            properties={"fact": "a\nb"},
        ),
        encoding="utf-8",
    )
    eaf = pympi.Eaf(str(path))
    assert sorted(map(tuple, eaf.get_annotation_data_for_tier("Anna & Co"))) == [
        (500, 1000, "Oh &\ufffd <no>"), (2000, 2001, ""),
    ]  # fmt: skip
    ((start, end, text, parent),) = eaf.get_ref_annotation_data_for_tier("felt")
    assert (start, end, text, parent) == (2000, 2001, "sad", "")
    assert eaf.properties == [("fact", "a b"), ("lastUsedAnnotationId", "4")]
    assert eaf.media_descriptors[0]["RELATIVE_MEDIA_URL"] == "../a/talk.wav"
    found = read_elan_document(path.read_bytes(), path)
    assert [one.name for one in found.tiers] == ["Anna & Co", "felt", "early"]
    assert found.vocabularies == {"felt": ("glad", "sad")}
    assert found.media == ("../a/talk.wav", "../a/talk.wav")
    slots = [int(value) for value in re.findall(r'TIME_VALUE="(\d+)"', path.read_text())]
    assert slots == sorted(slots)


def test_a_tier_that_is_added_has_a_type_that_says_nothing(tmp_path):
    path = tmp_path / "talk.eaf"
    path.write_text(written(), encoding="utf-8")
    eaf = pympi.Eaf(str(path))
    assert next(iter(eaf.linguistic_types)) == "default-lt"
    eaf.add_tier("remarks")
    assert eaf.get_parameters_for_tier("remarks")["LINGUISTIC_TYPE_REF"] == "default-lt"


def test_without_a_recording_and_without_anything():
    assert "MEDIA_DESCRIPTOR" not in written()
    assert "MEDIA_URL" in written(media="talk.wav")
    assert read_elan_document(elan_document([]).encode(), Path("a.eaf")).tiers == ()


def test_an_address_is_relative_where_it_is_a_path():
    for media, near in (
        ("talk.wav", "./talk.wav"), ("./t.wav", "./t.wav"), ("http://x/t.wav", "http://x/t.wav"),
        ("/t.wav", "/t.wav"),
    ):  # fmt: skip
        assert f'RELATIVE_MEDIA_URL="{near}"' in written(media=media)
