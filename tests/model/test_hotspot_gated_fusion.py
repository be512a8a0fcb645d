"""Hotspot-gated fusion against its equations written out as loops."""

import pytest
import torch

from emospot.model.hotspot_gated_fusion import (
    EPSILON,
    GlobalFusion,
    HotspotGatedFusion,
    hotspot_mean,
)


def _fusion(*, scalar: bool = False) -> HotspotGatedFusion:
    torch.manual_seed(0)
    fusion = HotspotGatedFusion(4, 6, scalar_gate=scalar)
    for parameter in fusion.parameters():
        torch.nn.init.normal_(parameter)
    return fusion


@pytest.mark.parametrize("scalar", [False, True])
def test_equals_the_equations(scalar: bool) -> None:
    fusion = _fusion(scalar=scalar)
    content, scores = torch.randn(3, 5, 4), torch.rand(3, 5)
    found = fusion(content, scores)
    for n in range(3):
        mean = EPSILON * fusion.no_hotspot
        for t in range(5):
            mean = mean + scores[n, t] * content[n, t]
        mean = mean / (float(scores[n].sum()) + EPSILON)
        for t in range(5):
            s, c = scores[n, t], content[n, t]
            hotspot = fusion.hotspot(s * c + (1 - s) * mean) + s * fusion.score_direction
            whole = fusion.content(c)
            gate = torch.sigmoid(fusion.gate(torch.cat((whole, hotspot, s.reshape(1)))))
            expected = gate * hotspot + (1 - gate) * whole
            assert torch.allclose(found.tokens[n, t], expected, atol=1e-5)
            assert torch.allclose(found.gate[n, t], gate.mean(), atol=1e-6)


def test_without_scores_the_mean_is_the_learned_vector() -> None:
    fusion = _fusion()
    mean = hotspot_mean(torch.randn(2, 3, 4), torch.zeros(2, 3), fusion.no_hotspot)
    assert torch.allclose(mean, fusion.no_hotspot.expand(2, -1))


def test_the_gate_matters_inside_a_hotspot_too() -> None:
    fusion = _fusion()
    content, scores = torch.randn(1, 3, 4), torch.ones(1, 3)
    before = fusion(content, scores).tokens
    with torch.no_grad():
        fusion.gate.bias += 3.0
    assert not torch.allclose(before, fusion(content, scores).tokens, atol=1e-3)


def test_switched_off_equals_the_projection_of_the_content() -> None:
    torch.manual_seed(0)
    plain = GlobalFusion(4, 6)
    content = torch.randn(2, 3, 4)
    found = plain(content, torch.rand(2, 3))
    assert torch.equal(found.tokens, content @ plain.content.weight.T + plain.content.bias)
    assert found.gate is None


def test_a_closed_gate_equals_global_fusion() -> None:
    fusion, plain = _fusion(), GlobalFusion(4, 6)
    plain.content.load_state_dict(fusion.content.state_dict())
    with torch.no_grad():
        fusion.gate.weight.zero_()
        fusion.gate.bias.fill_(-40.0)
    content, scores = torch.randn(2, 3, 4), torch.rand(2, 3)
    closed, off = fusion(content, scores).tokens, plain(content, scores).tokens
    assert torch.allclose(closed, off, atol=1e-6)
