"""What the context encoder reads: everything, or what is readable only."""

import torch

from emospot.model.baselines.context_transformer import (
    ContextTransformer,
    heads_for,
    leading_modality,
)


def _encoder(size: int = 14) -> ContextTransformer:
    torch.manual_seed(0)
    return ContextTransformer(size, 5, layers=2, dropout=0.5).eval()


def test_what_is_not_readable_changes_nothing() -> None:
    encoder, x = _encoder(), torch.randn(2, 6, 14)
    readable = torch.tensor([[True] * 4 + [False] * 2, [True, False, True, True, True, True]])
    found = encoder(x, readable)
    assert found.shape == (2, 6, 5)
    assert torch.allclose(found[0, :4], encoder(x[:1, :4], None)[0], atol=1e-5)
    kept = [0, 2, 3, 4, 5]
    assert torch.allclose(found[1, kept], encoder(x[1:, kept], None)[0], atol=1e-5)


def test_without_a_mask_padding_is_read() -> None:
    encoder, x = _encoder(), torch.randn(1, 4, 14)
    padded = torch.cat((x, torch.zeros(1, 3, 14)), dim=1)
    assert not torch.allclose(encoder(padded, None)[:, :4], encoder(x, None), atol=1e-3)


def test_nothing_readable_is_finite_in_values_and_gradients() -> None:
    encoder, x = _encoder().train(), torch.zeros(1, 3, 14)
    found = encoder(x, torch.zeros(1, 3, dtype=torch.bool))
    found.sum().backward()
    assert found.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


def test_nothing_readable_is_finite_in_evaluation_too() -> None:
    # At an even number of heads PyTorch takes another path, without gradients.
    encoder = _encoder(16).eval()
    with torch.no_grad():
        found = encoder(torch.zeros(2, 3, 16), torch.tensor([[False] * 3, [True] * 3]))
    assert found.isfinite().all()


def test_order_is_not_known() -> None:
    encoder, x = _encoder(), torch.randn(1, 5, 14)
    order = [3, 0, 4, 1, 2]
    assert torch.allclose(encoder(x[:, order], None), encoder(x, None)[:, order], atol=1e-5)


def test_heads_divide_the_input() -> None:
    assert [heads_for(n) for n in (768, 384, 640, 1380, 70, 13, 5)] == [8, 8, 8, 10, 7, 13, 1]
    assert all(n % heads_for(n) == 0 for n in range(1, 400))


def test_the_words_lead_wherever_they_stand() -> None:
    assert leading_modality({"face": 3, "voice": 2, "words": 4}) == "words"
    assert leading_modality({"face": 3, "voice": 2}) == "face"
