from dataclasses import replace

import pytest

from emospot.analysis.types import Analysis, ModalityFinding
from emospot.report.effects import effect_of, leading_modality, modality_effects, points


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (0.0, "no change"),
        (0.0049, "no change"),
        (0.006, "−1 point"),
        (0.016, "−2 points"),
        (0.5, "−50 points"),
        (-0.2, "+20 points"),
        (-0.012, "+1 point"),
    ],
)
def test_a_fall_is_written_as_less(effect: float, text: str) -> None:
    assert points(effect, 0.5) == text


def test_before_and_after_are_told() -> None:
    fall = effect_of(0.23, 0.57)
    assert (fall.now, fall.without, fall.side, fall.size) == ("57%", "34%", "for", 0.23)
    rise = effect_of(-0.6, 0.57)
    assert (rise.without, rise.side) == ("100%", "against")
    assert effect_of(0.001, 0.5).side == "neither"
    assert effect_of(None, 0.5) is None


def test_modalities_that_were_not_asked_have_no_effect(analysis: Analysis) -> None:
    utterance = analysis.utterances[0]
    assert set(modality_effects(utterance)) == {"words", "voice"}
    assert leading_modality(utterance) == "words"
    silent = {name: replace(m, effect=None) for name, m in utterance.modalities.items()}
    assert modality_effects(replace(utterance, modalities=silent)) == {}
    assert leading_modality(replace(utterance, modalities=silent)) is None


def test_what_spoke_against_leads_nowhere(analysis: Analysis) -> None:
    against = {"words": ModalityFinding(True, True, effect=-0.3)}
    assert leading_modality(replace(analysis.utterances[0], modalities=against)) is None


@pytest.mark.parametrize("confidence", [0.264, 0.5749, 0.9951, 0.03])
@pytest.mark.parametrize("effect", [0.096, 0.0951, -0.0149, 0.006, 0.7, -0.8])
def test_points_are_the_difference_of_the_percentages_beside_them(
    effect: float, confidence: float
) -> None:
    told = effect_of(effect, confidence)
    ends = {">99%": 100, "<1%": 0}
    now, without = (ends.get(p, int(p.strip("<>%"))) for p in (told.now, told.without))
    if now == without:
        assert told.text == "less than a point"
    else:
        sign = "+" if without > now else "−"
        assert told.text.split()[0] == f"{sign}{abs(without - now)}"
