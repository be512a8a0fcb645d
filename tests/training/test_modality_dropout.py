"""Modality dropout takes what it should and never the last modality."""

import torch

from emospot.training.modality_dropout import drop_modalities


def test_takes_about_the_share_that_was_asked_for() -> None:
    torch.manual_seed(0)
    left = drop_modalities(torch.ones(2000, 10, 3, dtype=torch.bool), 0.2)
    lost = 1 - left.float().mean(dim=(0, 1, 2))
    # A modality goes with its conversation (0.2 / 3) or by itself (another 0.2 / 3).
    assert abs(float(lost) - 2 * 0.2 / 3) < 0.02
    whole = (~left).all(dim=1).any(dim=-1).float().mean()
    assert abs(float(whole) - 0.2) < 0.04


def test_never_takes_the_last_one_and_never_adds_one() -> None:
    torch.manual_seed(0)
    present = torch.rand(50, 20, 3) < 0.4
    left = drop_modalities(present, 0.9)
    assert not (left & ~present).any()
    assert torch.equal(left.any(dim=-1), present.any(dim=-1))


def test_zero_takes_nothing() -> None:
    present = torch.rand(5, 4, 2) < 0.5
    assert torch.equal(drop_modalities(present, 0.0), present)
