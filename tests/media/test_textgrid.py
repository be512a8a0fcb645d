from pathlib import Path

import pytest
from praatio import textgrid as praatio
from praatio.utilities.constants import Interval, Point

from emospot.errors import TranscriptError
from emospot.media.textgrid import read_textgrid, read_tiers
from emospot.media.transcript_types import Notices

ANNA = [(0.0, 1.5, 'She said "no"\nand left'), (2.0, 3.25, "intervals [2]: item [1]")]
BEN = [(1.0, 2.5, "Ça va")]


@pytest.fixture(params=["long_textgrid", "short_textgrid"])
def written(request, tmp_path):
    """A TextGrid written by another library, with pauses and a tier of points."""
    grid = praatio.Textgrid()
    for name, entries in (("Anna", ANNA), ("Ben", BEN)):
        grid.addTier(praatio_tier(name, entries))
    points = praatio_points("events", [(0.5, "cough")])
    grid.addTier(points)
    path = tmp_path / "talk.TextGrid"
    grid.save(str(path), format=request.param, includeBlankSpaces=True)
    return path


def praatio_tier(name, entries):
    from praatio.data_classes.interval_tier import IntervalTier

    return IntervalTier(name, [Interval(*entry) for entry in entries], 0, 4)


def praatio_points(name, entries):
    from praatio.data_classes.point_tier import PointTier

    return PointTier(name, [Point(*entry) for entry in entries], 0, 4)


def test_reads_both_forms_as_written(written):
    text = written.read_text(encoding="utf-8")
    segments = read_textgrid(text, Notices(written))
    assert [(s.speaker, s.start, s.end, s.text) for s in segments] == [
        ("Anna", 0.0, 1.5, 'She said "no" and left'),
        ("Ben", 1.0, 2.5, "Ça va"),
        ("Anna", 2.0, 3.25, "intervals [2]: item [1]"),
    ]


def test_tiers_keep_pauses_and_skip_points(written):
    tiers = read_tiers(written.read_text(encoding="utf-8"), written)
    assert [tier.name for tier in tiers] == ["Anna", "Ben"]
    assert [i.end for i in tiers[0].intervals] == [1.5, 2.0, 3.25, 4.0]


def test_tiny_numbers_of_praat():
    text = (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n2\n<exists>\n1\n'
        '"IntervalTier"\n"Anna"\n0\n2\n1\n1e-05\n2\n"Hi"\n'
    )
    (segment,) = read_textgrid(text, Notices(Path("talk.TextGrid")))
    assert (segment.start, segment.end) == (1e-05, 2.0)


def test_every_cut_is_noticed(written):
    lines = written.read_text(encoding="utf-8").rstrip("\n").split("\n")
    for keep in range(1, len(lines)):
        with pytest.raises(TranscriptError, match=r"talk\.TextGrid"):
            read_textgrid("\n".join(lines[:keep]), Notices(written))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"ooTextFile" "PitchTier"', "line 1: expected File type"),
        ('"ooTextFile"\n"TextGrid" 0 1 <exists> 1\n"IntervalTier" 3', "line 3: found 3, expected"),
        ('"ooTextFile" "TextGrid" 0 1 <absent>', "holds no interval with a text"),
        ('"ooTextFile" "TextGrid" 0 1 <exists> 1e999', "holds no interval"),
    ],
)
def test_malformed(text, message):
    with pytest.raises(TranscriptError, match=message):
        read_textgrid(text, Notices(Path("talk.TextGrid")))
