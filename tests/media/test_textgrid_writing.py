import random
from itertools import pairwise

import pytest
from praatio import textgrid as praat

from emospot.media.textgrid import read_tiers
from emospot.media.textgrid_writing import apart, textgrid, with_length
from emospot.media.tiers import Interval


def test_what_is_written_is_read_by_another_library_and_by_us(tmp_path):
    chance = random.Random(4)  # noqa: S311
    edges = sorted(chance.uniform(0, 100) for _ in range(40))
    own = [Interval(a, b, f'"{a}" \n é') for a, b in zip(edges[::2], edges[1::2], strict=True)]
    path = tmp_path / "a.TextGrid"
    path.write_text(textgrid({'An"na': own, "nothing": []}, 120.0), encoding="utf-8")
    grid = praat.openTextgrid(str(path), includeEmptyIntervals=False)
    assert grid.maxTimestamp == 120.0
    found = grid.getTier(grid.tierNames[0]).entries
    assert [(e.start, e.end) for e in found] == [(one.start, one.end) for one in own]
    assert found[0].label == f'"{own[0].start}" é'
    first, second = read_tiers(path.read_text(encoding="utf-8"), path)
    assert first.name == 'An"na'
    assert [(i.start, i.end) for i in first.intervals if i.text] == [
        (one.start, one.end) for one in own
    ]
    # Every second belongs to an interval.
    assert [i.start for i in first.intervals][1:] == [i.end for i in first.intervals][:-1]
    assert [(i.start, i.end, i.text) for i in second.intervals] == [(0.0, 120.0, "")]


def test_it_ends_with_its_last_interval_and_never_has_no_time():
    assert "xmax = 3.5\n" in textgrid({"a": [Interval(3.0, 3.5, "x")]}, 1.0)
    assert "xmax = 0.001\n" in textgrid({}, 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_rows_hold_everything_once_without_overlaps(seed):
    chance = random.Random(seed)  # noqa: S311
    starts = [round(chance.uniform(0, 10), 1) for _ in range(30)]
    own = [Interval(a, a + chance.uniform(0.1, 2), "") for a in starts]
    rows = apart(own)
    assert sorted(place for row in rows for place in row) == list(range(30))
    for row in rows:
        for one, other in pairwise(row):
            assert own[one].end <= own[other].start
    # As few rows as there are intervals at one time.
    most = max(sum(o.start <= t < o.end for o in own) for t in starts)
    assert len(rows) == most
    assert apart([]) == [[]]


def test_what_has_no_length_gets_some():
    assert with_length(2.0, 2.0, "x") == Interval(2.0, 2.001, "x")
    assert with_length(2.0, 1.0, "x").end == 2.001
    assert with_length(2.0, 3.0, "x").end == 3.0
