"""Marks of the face videos: well formed, and about videos that are there."""

from itertools import pairwise

import pytest

from emospot.corpora.face_videos import MARKS, PEOPLE, face_marks, marked_videos
from emospot.corpora.truths import TRUTHS
from emospot.errors import CorpusError
from emospot.evaluation.span_files import read_spans
from emospot.hotspots.registry import panel


def test_marks_are_in_order_and_apart():
    marks = face_marks()
    assert set(marks) < set(PEOPLE)
    for own in marks.values():
        assert all(one.onset < one.apex < one.offset for one in own)
        assert all(a.offset <= b.onset for a, b in pairwise(own))


def test_the_command_line_reads_them():
    spans = read_spans(MARKS)
    assert len(spans.spans) == sum(len(own) for own in face_marks().values())
    assert spans.modalities == ("face",)
    assert all(one.timed is not None and one.timed.apex is not None for one in spans.spans)


def test_a_video_that_is_not_there(tmp_path):
    with pytest.raises(CorpusError, match="WolfgangLanger_Pexels.mp4 is not there"):
        list(marked_videos(tmp_path))


def test_expressions_of_the_videos(shared_data):
    """The smiles are found where they are marked; without a face there is no hotspot."""
    (truth,) = (one for one in TRUTHS if one.name == "face-videos")
    expression = panel("expression")
    for one in truth.read(shared_data, ["facemesh"]):
        (utterance,) = one.conversation.utterances
        assert all(h.end <= utterance.end + 0.1 for h in one.marked[0])
        (found,) = expression.detect(one.conversation, one.tokens)
        (tokens,) = one.tokens["facemesh"]
        assert (tokens is None) == (one.group == "nobody")
        for spot in found:
            seen = tokens.times
            inside = (seen[:, 0] < spot.end) & (spot.start < seen[:, 1])
            assert (seen[inside, 1] - seen[inside, 0]).sum() > 0.8 * (spot.end - spot.start)
        if one.group == "man":
            assert [spot.fired_by.split(",")[0] for spot in found] == ["smile"]
            assert abs(found[0].start - one.marked[0][0].start) < 0.2
