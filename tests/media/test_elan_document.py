from pathlib import Path

import pympi
import pytest

from emospot.errors import TranscriptError
from emospot.media.elan_document import read_elan_document

PATH = Path("talk.eaf")


def aligned(name, start, end, text="x"):
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="{start}" '
        f'TIME_SLOT_REF2="{end}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def referring(name, to, text="x", after=""):
    before = f' PREVIOUS_ANNOTATION="{after}"' if after else ""
    return (
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{name}" ANNOTATION_REF="{to}"{before}>'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


def document(*tiers, more=""):
    slots = "".join(f'<TIME_SLOT TIME_SLOT_ID="t{k}" TIME_VALUE="{1000 * k}"/>' for k in range(5))
    return (
        f"<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER>{''.join(tiers)}{more}"
        "</ANNOTATION_DOCUMENT>"
    ).encode()


def tier(name, *annotations, **facts):
    told = "".join(f' {key}="{value}"' for key, value in facts.items())
    return f'<TIER TIER_ID="{name}"{told}>{"".join(annotations)}</TIER>'


def test_what_another_library_wrote(tmp_path):
    eaf = pympi.Eaf(author="somebody")
    eaf.add_linguistic_type("felt", "Symbolic_Association", False)
    eaf.add_language("und", None, None)
    eaf.add_controlled_vocabulary("moods")
    eaf.add_cv_entry("moods", "c1", [("glad", "und", None)])
    eaf.add_cv_entry("moods", "c2", [("sad", "und", None)])
    eaf.linguistic_types["felt"]["CONTROLLED_VOCABULARY_REF"] = "moods"
    eaf.add_tier("A", part="Anna")
    eaf.add_tier("A felt", "felt", "A")
    eaf.add_annotation("A", 500, 2000, "Oh")
    eaf.add_annotation("A", 3000, 3500, "No")
    eaf.add_ref_annotation("A felt", "A", 3100, "sad")
    eaf.add_linked_file("file:///home/x/talk.wav", "./talk.wav")
    path = tmp_path / "talk.eaf"
    eaf.to_file(str(path))
    found = read_elan_document(path.read_bytes(), path)
    by_name = {one.name: one for one in found.tiers}
    assert by_name["A"].participant == "Anna"
    felt = by_name["A felt"]
    assert (felt.kind, felt.parent, felt.refers) == ("felt", "A", True)
    assert [(i.start, i.end, i.text) for i in felt.intervals] == [(3.0, 3.5, "sad")]
    assert found.topmost(felt) == by_name["A"]
    assert set(found.vocabularies["felt"]) == {"glad", "sad"}
    assert found.media == ("./talk.wav", "file:///home/x/talk.wav")


def test_parts_of_an_annotation_share_its_time_in_their_order():
    found = read_elan_document(
        document(
            # The child stands before its parent, and the parts out of order.
            tier("C", referring("c1", "b2"), PARENT_REF="B"),
            tier("B", referring("b2", "a1", "two", "b1"), referring("b1", "a1", "one"),
                 PARENT_REF="A"),
            tier("A", aligned("a1", "t1", "t3")),
        ),
        PATH,
    )  # fmt: skip
    c, b, _ = found.tiers
    assert sorted((i.start, i.end, i.text) for i in b.intervals) == [
        (1.0, 2.0, "one"), (2.0, 3.0, "two"),
    ]  # fmt: skip
    assert (c.intervals[0].start, c.intervals[0].end) == (2.0, 3.0)
    assert found.topmost(c).name == "A"


def test_a_broken_chain_leaves_the_order_of_the_file():
    found = read_elan_document(
        document(
            tier("A", aligned("a1", "t0", "t2")),
            tier("B", referring("b1", "a1", "one", "gone"), referring("b2", "a1", "two", "gone"),
                 PARENT_REF="A"),
        ),
        PATH,
    )  # fmt: skip
    assert [(i.start, i.text) for i in found.tiers[1].intervals] == [(0.0, "one"), (1.0, "two")]


def test_an_old_vocabulary():
    more = (
        '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="felt" CONTROLLED_VOCABULARY_REF="m"/>'
        '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="other" CONTROLLED_VOCABULARY_REF="gone"/>'
        '<CONTROLLED_VOCABULARY CV_ID="m"><CV_ENTRY DESCRIPTION="">glad</CV_ENTRY>'
        "</CONTROLLED_VOCABULARY>"
    )
    assert read_elan_document(document(more=more), PATH).vocabularies == {"felt": ("glad",)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (document(tier("B", referring("b1", "gone"), PARENT_REF="A"), tier("A")), "'gone'"),
        (document(tier("A", PARENT_REF="gone")), "'gone'"),
        (
            document(tier("A", referring("a", "b")), tier("B", referring("b", "a"))),
            "a time slot, tier or annotation is missing",
        ),
        (document(tier("A", aligned("a1", "t1", "t9"))), "'t9'"),
    ],
)
def test_damaged(content, message):
    with pytest.raises(TranscriptError, match=message):
        read_elan_document(content, PATH)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "iso-8859-1"])
def test_entities_are_refused_in_every_encoding(encoding):
    text = document(tier("A", aligned("a1", "t0", "t1", "%s"))).decode()
    head = f'<?xml version="1.0" encoding="{encoding[:6] if "16" in encoding else encoding}"?>'
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    plain = (mark + head + text.replace("%s", "Größe")).encode(encoding)
    assert read_elan_document(plain, PATH).tiers[0].intervals[0].text == "Größe"
    for definition in ('<!ENTITY x "boom">', '<!ENTITY % x "boom">', '<!ENTITY x SYSTEM "a">'):
        doctype = f"<!DOCTYPE ANNOTATION_DOCUMENT [{definition}]>"
        content = (mark + head + doctype + text.replace("%s", "x")).encode(encoding)
        with pytest.raises(TranscriptError, match="defines XML entities"):
            read_elan_document(content, PATH)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe<", b'<?xml version="1.0" encoding="x"?><a/>'])
def test_what_is_no_xml(content):
    with pytest.raises(TranscriptError, match="no well-formed XML"):
        read_elan_document(content, PATH)


def test_many_tiers_are_read_in_good_time():
    """Each is the child of the next one in the file, the worst order."""
    count = 20_000
    tiers = [
        tier(f"T{k}", referring(f"a{k}", f"a{k + 1}"), PARENT_REF=f"T{k + 1}")
        for k in range(count)
    ]
    found = read_elan_document(
        document(*tiers, tier(f"T{count}", aligned(f"a{count}", "t1", "t2"))), PATH
    )
    assert {found.topmost(one).name for one in found.tiers} == {f"T{count}"}
    assert {(i.start, i.end) for one in found.tiers for i in one.intervals} == {(1.0, 2.0)}


def test_a_ring_of_parents_has_a_top_of_its_own():
    found = read_elan_document(
        document(
            tier("A", PARENT_REF="B"),
            tier("B", PARENT_REF="C"),
            tier("C", PARENT_REF="B"),
            tier("D"),
        ),
        PATH,
    )
    assert [found.topmost(one).name for one in found.tiers] == ["C", "C", "C", "D"]


def test_many_annotations_are_read_in_good_time():
    count = 20_000
    annotations = "".join(aligned(f"a{k}", "t0", "t1") for k in range(count))
    parts = "".join(referring(f"b{k}", f"a{k}") for k in range(count))
    found = read_elan_document(
        document(tier("B", parts, PARENT_REF="A"), tier("A", annotations)), PATH
    )
    assert len(found.tiers[0].intervals) == count
