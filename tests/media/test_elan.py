from pathlib import Path

import pympi
import pytest

from emospot.errors import TranscriptError
from emospot.media.elan import read_elan
from emospot.media.transcript_types import Notices

EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT><TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="3000"/></TIME_ORDER>
<TIER TIER_ID="A-utt" PARTICIPANT="Anna">%s</TIER>
<TIER TIER_ID="A-w" LINGUISTIC_TYPE_REF="words" PARENT_REF="A-utt">%s%s</TIER>
<TIER TIER_ID="A-gloss" PARENT_REF="A-utt">%s</TIER>
</ANNOTATION_DOCUMENT>"""


def annotation(number, start, end, text):
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number}" TIME_SLOT_REF1="{start}" '
        f'TIME_SLOT_REF2="{end}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def read(content):
    notices = Notices(Path("talk.eaf"))
    return read_elan(content, notices), notices.sentences()


def test_reads_what_another_library_wrote(tmp_path):
    eaf = pympi.Eaf(author="somebody")
    eaf.add_tier("A", part="Anna")
    eaf.add_tier("Ben")
    eaf.add_annotation("A", 500, 2000, "Ça va & <b>?")
    eaf.add_annotation("A", 4000, 5000, "  ")
    eaf.add_annotation("Ben", 1500, 2500, "Oh")
    path = tmp_path / "talk.eaf"
    eaf.to_file(str(path))
    segments, notices = read(path.read_bytes())
    assert [(s.speaker, s.start, s.end, s.text) for s in segments] == [
        ("Anna", 0.5, 2.0, "Ça va & <b>?"),
        ("Ben", 1.5, 2.5, "Oh"),
    ]
    assert notices == ()


def test_word_tiers_slots_without_time_and_other_child_tiers():
    content = EAF % (
        annotation(1, "ts1", "ts3", "Oh no"),
        annotation(2, "ts1", "ts2", "oh"),
        annotation(3, "ts2", "ts3", "no"),
        annotation(4, "ts1", "ts3", "a translation"),
    )
    (segment,), _ = read(content.encode())
    assert (segment.speaker, segment.start, segment.end) == ("Anna", 1.0, 3.0)
    assert [(w.start, w.end, w.text) for w in segment.words] == [
        (1.0, 2.0, "oh"),
        (2.0, 3.0, "no"),
    ]


def test_the_xml_names_its_own_encoding():
    content = EAF.replace("UTF-8", "ISO-8859-1") % (annotation(1, "ts1", "ts3", "Ça"), "", "", "")
    assert read(content.encode("latin-1"))[0][0].text == "Ça"


def test_a_ring_of_parents_ends():
    content = EAF.replace("<TIER TIER_ID=\"A-utt\"", '<TIER TIER_ID="A-utt" PARENT_REF="A-w"') % (
        "", annotation(2, "ts1", "ts2", "oh"), "", "",
    )  # fmt: skip
    assert read(content.encode())[0][0].text == "oh"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<ANNOTATION_DOCUMENT>", r"talk\.eaf: is no well-formed XML \(.*line 1"),
        (b"<html></html>", "found <html>, expected <ANNOTATION_DOCUMENT>"),
        (b"<ANNOTATION_DOCUMENT></ANNOTATION_DOCUMENT>", "holds no annotation"),
        (
            b'<!DOCTYPE a [<!ENTITY b "c">]><ANNOTATION_DOCUMENT></ANNOTATION_DOCUMENT>',
            "defines XML entities",
        ),
        ((EAF % (annotation(1, "ts1", "ts9", "x"), "", "", "")).encode(), "'ts9'"),
        (EAF.replace('"3000"', '"soon"').encode(), "is missing or no number"),
    ],
)
def test_malformed(content, message):
    with pytest.raises(TranscriptError, match=message):
        read(content)
