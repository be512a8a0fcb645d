"""What groups give goes back to where its rows stand."""

import torch

from emospot.model.row_groups import RowGroup, put_back, put_back_tokens


def group(*rows):
    return RowGroup(torch.tensor(rows), {}, {}, {}, {}, {}, {})


def test_put_back():
    groups = [group(4, 0), group(2)]
    mask = torch.tensor([[True, False, True], [False, True, False]])
    parts = [torch.tensor([[4.0, 4.5], [0.1, 0.2]]), torch.tensor([[2.0, 2.5]])]
    found = put_back(parts, groups, mask)
    assert found.shape == (2, 3, 2)
    assert torch.equal(found[1, 1], torch.tensor([4.0, 4.5]))
    assert torch.equal(found[0, 0], torch.tensor([0.1, 0.2]))
    assert torch.equal(found[0, 2], torch.tensor([2.0, 2.5]))
    assert not found[~mask].any()


def test_put_back_tokens_of_groups_of_different_lengths():
    like = torch.zeros(2, 2, 3, dtype=torch.float64)
    parts = [torch.tensor([[1.0, 2.0, 3.0]], requires_grad=True), torch.tensor([[5.0]])]
    found = put_back_tokens(parts, [group(3), group(0)], like)
    assert found.dtype == torch.float64
    assert not found.requires_grad
    assert found.tolist() == [[[5, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, 2, 3]]]
