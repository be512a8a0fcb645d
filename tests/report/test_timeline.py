import random
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from emospot.analysis.types import Analysis, ModalityFinding
from emospot.report.timeline import (
    build_timeline,
    class_names,
    fitting_label,
    line_path,
    outline_path,
    rows_without_overlap,
    ticks,
)


def test_blocks_lie_where_the_utterances_are(analysis: Analysis) -> None:
    timeline = build_timeline(analysis)
    assert timeline.seconds == analysis.duration
    assert [lane.speaker for lane in timeline.speakers] == ["Mara", "Jonas"]
    blocks = {block.utterance: block for lane in timeline.speakers for block in lane.blocks}
    assert sorted(blocks) == list(range(10))
    for index, utterance in enumerate(analysis.utterances):
        left = blocks[index].x / 100 * analysis.duration
        right = (blocks[index].x + blocks[index].width) / 100 * analysis.duration
        assert (left, right) == pytest.approx((utterance.start, utterance.end))


def test_everything_lies_within_its_lane(analysis: Analysis) -> None:
    timeline = build_timeline(analysis)
    for lane in timeline.speakers:
        assert all(b.y >= 0 and b.y + b.height <= lane.height for b in lane.blocks)
    for lane in timeline.hotspots:
        assert all(m.y >= 0 and m.y + m.height <= lane.height for m in lane.marks)


def test_overlapping_turns_of_a_speaker_lie_in_rows(analysis: Analysis) -> None:
    first, second, *rest = analysis.utterances
    both = replace(second, speaker=first.speaker, start=first.start + 1)
    timeline = build_timeline(replace(analysis, utterances=(first, both, *rest)))
    lane = timeline.speakers[0]
    rows = {block.utterance: block.y for block in lane.blocks}
    assert rows[0] != rows[1]
    strips = lane.probabilities.strips
    assert [s.label for s in strips] == [*analysis.model.labels] * 2


def test_neighbours_are_known_or_not(analysis: Analysis) -> None:
    assert build_timeline(analysis).neighbours
    alone = tuple(replace(u, neighbours=()) for u in analysis.utterances)
    assert not build_timeline(replace(analysis, utterances=alone)).neighbours


def test_classes_beyond_the_models_come_last(analysis: Analysis) -> None:
    odd = replace(analysis.utterances[0], probabilities={"awe": 0.5, "anger": 0.5})
    changed = replace(analysis, utterances=(odd, *analysis.utterances[1:]))
    assert class_names(changed) == (*analysis.model.labels, "awe")


def test_every_hotspot_is_a_mark_as_tall_as_it_is_strong(analysis: Analysis) -> None:
    timeline = build_timeline(analysis)
    assert [lane.modality for lane in timeline.hotspots] == ["words", "voice", "face"]
    assert [lane.use for lane in timeline.hotspots] == ["used", "not used", "not used"]
    for lane in timeline.hotspots:
        expected = [
            s for u in analysis.utterances for s in u.hotspots if s.modality == lane.modality
        ]
        assert [mark.hotspot for mark in lane.marks] == expected
        by_score = sorted(lane.marks, key=lambda mark: mark.hotspot.score)
        assert [m.height for m in by_score] == sorted(m.height for m in lane.marks)
        for mark in lane.marks:
            assert mark.hotspot in analysis.utterances[mark.utterance].hotspots
            assert mark.x / 100 * timeline.seconds == pytest.approx(mark.hotspot.start)
            assert mark.y + mark.height == pytest.approx(lane.height)


def test_gaps_are_where_a_modality_was_not_measured(analysis: Analysis) -> None:
    face = build_timeline(analysis).hotspots[2]
    absent = [u for u in analysis.utterances if not u.modalities["face"].present]
    assert len(face.gaps) == len(absent) == 3
    for gap, utterance in zip(face.gaps, absent, strict=True):
        assert gap.x / 100 * analysis.duration == pytest.approx(utterance.start)
        assert gap.reason == utterance.modalities["face"].reason


def test_neighbouring_gaps_become_one(analysis: Analysis) -> None:
    gone = {"face": ModalityFinding(False, False, "no video")}
    utterances = tuple(replace(u, modalities=gone, hotspots=()) for u in analysis.utterances)
    timeline = build_timeline(replace(analysis, utterances=utterances))
    face = next(lane for lane in timeline.hotspots if lane.modality == "face")
    assert len(face.gaps) == 1
    assert face.use == "none"
    assert not face.measured
    end = (face.gaps[0].x + face.gaps[0].width) / 100 * timeline.seconds
    assert end == pytest.approx(utterances[-1].end)


def test_a_bare_text_has_no_timeline(bare_text: Analysis) -> None:
    assert build_timeline(bare_text) is None
    assert build_timeline(replace(bare_text, utterances=(), duration=10.0)) is None


def test_a_transcript_beyond_the_recording_makes_the_timeline_longer(analysis: Analysis) -> None:
    timeline = build_timeline(replace(analysis, duration=19.0))
    assert timeline.seconds == 38.0
    assert timeline.waveform.width == pytest.approx(50)


def test_partial_times(analysis: Analysis) -> None:
    first, second, *rest = analysis.utterances
    changed = (replace(first, start=None, end=None), replace(second, end=None), *rest)
    timeline = build_timeline(replace(analysis, utterances=changed))
    blocks = {block.utterance: block for lane in timeline.speakers for block in lane.blocks}
    assert 0 not in blocks
    assert blocks[1].width == 0


def test_times_that_run_backwards_stay_inside(analysis: Analysis) -> None:
    odd = replace(analysis.utterances[0], start=-5.0, end=-7.0, hotspots=())
    timeline = build_timeline(replace(analysis, utterances=(odd, *analysis.utterances[1:])))
    block = next(b for lane in timeline.speakers for b in lane.blocks if b.utterance == 0)
    assert (block.x, block.width) == (0, 0)


def test_without_sound_there_is_no_waveform(analysis: Analysis) -> None:
    assert build_timeline(analysis).waveform is not None
    silent = build_timeline(replace(analysis, waveform=(), loudness=()))
    assert silent.waveform is None


def test_only_long_recordings_are_dense(analysis: Analysis, long_analysis) -> None:
    assert not build_timeline(analysis).dense
    assert build_timeline(long_analysis(200)).dense


def test_rows_never_overlap_and_are_as_few_as_possible() -> None:
    chance = random.Random(5)  # noqa: S311
    spans = [
        (start, start + chance.random() * 4) for start in (chance.random() * 50 for _ in range(80))
    ]
    rows = rows_without_overlap(spans)
    for i, one in enumerate(spans):
        for j in range(i):
            other = spans[j]
            if rows[i] == rows[j]:
                assert one[1] <= other[0] or other[1] <= one[0]
    most_at_once = max(sum(s <= start < e for s, e in spans) for start, _ in spans)
    assert max(rows) + 1 == most_at_once


@pytest.mark.parametrize("seconds", [0.2, 1, 9, 47, 600, 7840, 86400, 1e6])
def test_ticks_are_even_few_and_inside(seconds: float) -> None:
    times = ticks(seconds)
    assert times[0] == 0
    assert times[-1] <= seconds
    assert 1 <= len(times) <= 11
    assert len({round(b - a, 6) for a, b in pairwise(times)}) <= 1
    if seconds >= 5:
        assert len(times) >= 4


@pytest.mark.parametrize("label", ["joy", "anger", "frustration"])
def test_labels_grow_with_the_room(label: str) -> None:
    shown = [fitting_label(label, pixels) for pixels in range(120)]
    assert shown[0] == ""
    assert shown[-1] == label
    assert [len(text) for text in shown] == sorted(len(text) for text in shown)
    assert all(label.startswith(text.rstrip("…")) for text in shown)


def test_paths_draw_the_amplitudes() -> None:
    values = [0.0, 0.25, 1.0]
    outline = outline_path(values)
    tops = [float(y) for y in re.findall(r"(?:M0 |V)([\d.]+)", outline)]
    assert tops[:3] == [1 - value for value in values]
    assert tops[3:] == [1 + value for value in reversed(values)]
    points = [tuple(map(float, point.split())) for point in line_path(values)[1:].split("L")]
    assert points == [(0.5, 2.0), (1.5, 1.5), (2.5, 0.0)]
    assert line_path([]) == ""
