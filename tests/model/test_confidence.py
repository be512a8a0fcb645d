"""Which sets of modalities have a confidence of their own, and how it is found."""

from itertools import chain, combinations

import pytest
import torch

from emospot.model.confidence import (
    Confidence,
    by_presence,
    check_confidence,
    part_name,
    part_number,
    parts,
    presence_number,
)


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
    whole = Confidence(2, 0.3)
    temperatures, thresholds = by_presence(whole, {}, ("words", "voice"))
    assert temperatures.dtype == thresholds.dtype == torch.float32
    assert temperatures.tolist() == [2.0] * 4
    assert thresholds.tolist() == pytest.approx([0.3] * 4)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_number_of_a_set_is_that_of_what_was_there(count: int) -> None:
    names = [f"m{n}" for n in range(count)]
    sets = list(chain.from_iterable(combinations(names, size) for size in range(count + 1)))
    for kept in sets:
        present = torch.tensor([name in kept for name in names])
        assert part_number(part_name(kept), names) == int(presence_number(present))
    assert len({part_number(part_name(kept), names) for kept in sets}) == 2**count
    for wrong in ("m9", "m0+m9", "m0+m0", "+", "m0+", "M0"):
        assert part_number(wrong, names) is None


def test_every_set_is_looked_up_as_its_name_says() -> None:
    names = ("words", "voice", "face", "pose")
    whole = Confidence(3.0, 0.5)
    partial = {
        part_name(kept): Confidence(1 + n / 8, n / 16) for n, kept in enumerate(parts(names))
    }
    partial["face+words"] = Confidence(9.0, 0.9)  # not in the model's order: of no set
    temperatures, thresholds = by_presence(whole, partial, names)
    for number in range(16):
        kept = [name for bit, name in enumerate(names) if number >> bit & 1]
        own = partial.get("+".join(kept), whole)
        assert (temperatures[number], thresholds[number]) == (own.temperature, own.unsure_below)


def test_every_set_of_sixteen_modalities_is_looked_up() -> None:
    names = [f"m{n}" for n in range(16)]
    partial = {name: Confidence(2.0) for name in names}
    temperatures, _ = by_presence(Confidence(), partial, names)
    assert temperatures.shape == (2**16,)
    assert (temperatures == 2.0).sum() == 16


@pytest.mark.parametrize(
    "own",
    [Confidence(), Confidence(0.05, 1.0), Confidence(20.000000000000004, 1.0000001192092896)],
)
def test_what_calibration_finds_is_accepted(own: Confidence) -> None:
    check_confidence(own, "the model")


@pytest.mark.parametrize("temperature", [0.0, -1.0, 0.01, 21.0, float("nan"), float("inf")])
def test_what_is_no_temperature(temperature: float) -> None:
    with pytest.raises(ValueError, match=r"temperature of the model is .* from 0\.05 to 20"):
        check_confidence(Confidence(temperature), "the model")


@pytest.mark.parametrize("threshold", [-0.1, 1.01, float("nan"), float("-inf")])
def test_what_is_no_threshold(threshold: float) -> None:
    with pytest.raises(ValueError, match='unsure_below of "words" is .* from 0 to 1'):
        check_confidence(Confidence(1.0, threshold), '"words"')
