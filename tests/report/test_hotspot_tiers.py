from emospot.media.annotation_file import score_of
from emospot.media.tier_names import understood
from emospot.media.tiers import Interval
from emospot.report.hotspot_tiers import hotspot_text, hotspot_tiers, tier_kind


def test_the_text_says_what_fired_and_ends_with_the_score():
    assert hotspot_text(None, "phrase", 0.826) == "phrase 0.83"
    assert hotspot_text("not\n happy", "lexicon", 0.5) == "not happy: lexicon 0.50"
    unused = hotspot_text(None, "AU12", 1.0, used=False)
    assert unused == "AU12 (not used) 1.00"
    assert score_of(unused) == 1.0


def test_a_tier_a_modality_and_one_more_where_they_overlap():
    spots = [
        ("face", Interval(0.0, 2.0, "a")), ("voice", Interval(5.0, 6.0, "b")),
        ("face", Interval(1.0, 3.0, "c")), ("face", Interval(2.0, 3.0, "d")),
        ("gaze", Interval(0.0, 1.0, "e")),
    ]  # fmt: skip
    tiers = hotspot_tiers(spots, ["words", "voice"])
    assert {name: [one.text for one in own] for name, own in tiers.items()} == {
        "words hotspots": [],
        "voice hotspots": ["b"],
        "face hotspots": ["a", "d"],
        "face hotspots 2": ["c"],
        "gaze hotspots": ["e"],
    }
    assert all(own == sorted(own, key=lambda one: one.start) for own in tiers.values())


def test_the_names_are_understood():
    for modality in ("words", "voice", "face"):
        assert understood(tier_kind(modality)).modality == modality
        assert understood(f"{tier_kind(modality)} 2").modality == modality


def test_nothing():
    assert hotspot_tiers([], []) == {}
