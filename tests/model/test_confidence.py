"""Which sets of modalities have a confidence of their own, and how it is found."""

import pytest
import torch

from emospot.model.confidence import Confidence, by_presence, part_name, parts, presence_number


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_modality_alone_and_every_set_short_of_one_is_a_part(count: int) -> None:
    names = [f"m{n}" for n in range(count)]
    found = parts(names)
    assert len(set(found)) == len(found)
    assert tuple(names) not in found
    if count > 1:
        assert {(name,) for name in names} <= set(found)
        assert {tuple(n for n in names if n != left) for left in names} <= set(found)


def test_each_set_of_modalities_is_read_with_its_own_temperature() -> None:
    whole, alone = Confidence(3.0, 0.5), Confidence(1.5, 0.4)
    names = ("words", "voice", "face")
    temperatures, thresholds = by_presence(whole, {part_name(("words", "face")): alone}, names)
    present = torch.tensor([[True, False, True], [True, True, True], [False, False, False]])
    read = presence_number(present)
    assert temperatures[read].tolist() == [1.5, 3.0, 3.0]
    assert thresholds[read].tolist() == pytest.approx([0.4, 0.5, 0.5])


def test_a_part_that_was_never_seen_has_what_holds_for_the_whole() -> None:
    whole = Confidence(2.0, 0.3)
    temperatures, thresholds = by_presence(whole, {}, ("words", "voice"))
    assert temperatures.tolist() == [2.0] * 4
    assert thresholds.tolist() == pytest.approx([0.3] * 4)
