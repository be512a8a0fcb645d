"""Speakers by order of appearance, against a dictionary that is filled turn by turn."""

import torch

from emospot.model.baselines.speaker_order import (
    SPEAKERS,
    SpeakerEmbedding,
    order_of_appearance,
)


def test_equals_a_list_filled_turn_by_turn() -> None:
    torch.manual_seed(0)
    speakers, lengths = torch.randint(7, (5, 20)), [20, 13, 1, 0, 8]
    mask = torch.arange(20) < torch.tensor(lengths).unsqueeze(-1)
    found = order_of_appearance(speakers, mask)
    for b, length in enumerate(lengths):
        seen: dict[int, int] = {}
        expected = [seen.setdefault(int(s), len(seen)) for s in speakers[b, :length]]
        assert found[b].tolist() == expected + [0] * (20 - length)


def test_other_numbers_for_the_same_people_and_for_padding_change_nothing() -> None:
    torch.manual_seed(1)
    speakers, mask = torch.randint(5, (3, 12)), torch.ones(3, 12, dtype=torch.bool)
    mask[1, 7:] = False
    renamed = torch.tensor([40, 3, 17, 0, 9])[speakers]
    renamed = torch.where(mask, renamed, torch.randint(99, (3, 12)))
    assert torch.equal(order_of_appearance(speakers, mask), order_of_appearance(renamed, mask))


def test_late_comers_share_the_last_vector() -> None:
    embedding = SpeakerEmbedding(4)
    count = SPEAKERS + 3
    found = embedding(torch.arange(count).unsqueeze(0), torch.ones(1, count, dtype=torch.bool))
    assert torch.equal(found[0, SPEAKERS - 1 :], found[0, -1].expand(4, -1))
    assert len({tuple(v) for v in found[0].tolist()}) == SPEAKERS
