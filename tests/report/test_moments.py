from dataclasses import replace

from emospot.analysis.types import Analysis
from emospot.report.moments import strongest_moments


def without_effects(analysis: Analysis) -> Analysis:
    utterances = tuple(
        replace(u, hotspots=tuple(replace(s, effect=None) for s in u.hotspots))
        for u in analysis.utterances
    )
    return replace(analysis, utterances=utterances)


def test_what_counted_most_comes_first(analysis: Analysis) -> None:
    found = strongest_moments(analysis)
    effects = [moment.hotspot.effect for moment in found.read]
    assert found.by_effect
    assert effects == sorted(effects, reverse=True)
    assert effects[-1] > 0
    assert found.read[0].words == "scared to death"


def test_without_effects_strength_decides(analysis: Analysis) -> None:
    found = strongest_moments(without_effects(analysis), most=3)
    assert not found.by_effect
    assert [m.hotspot.score for m in found.read] == [0.92, 0.88, 0.83]


def test_used_and_unused_are_never_mixed(analysis: Analysis) -> None:
    for changed in (analysis, without_effects(analysis)):
        found = strongest_moments(changed, most=100)
        assert all(m.hotspot.used_by_model for m in found.read)
        assert not any(m.hotspot.used_by_model for m in found.unread)
        scores = [m.hotspot.score for m in found.unread]
        assert scores == sorted(scores, reverse=True)
        for moment in (*found.read, *found.unread):
            assert moment.utterance is analysis.utterances[moment.index] or changed is not analysis
            assert moment.hotspot in moment.utterance.hotspots


def test_no_hotspots_no_moments(analysis: Analysis) -> None:
    bare = tuple(replace(u, hotspots=()) for u in analysis.utterances)
    found = strongest_moments(replace(analysis, utterances=bare))
    assert (found.read, found.unread, found.by_effect) == ((), (), False)


def test_hotspots_that_made_no_difference_are_left_out(analysis: Analysis) -> None:
    idle = tuple(
        replace(u, hotspots=tuple(replace(s, effect=0.001) for s in u.hotspots))
        for u in analysis.utterances
    )
    found = strongest_moments(replace(analysis, utterances=idle))
    assert found.by_effect
    assert found.read == ()
