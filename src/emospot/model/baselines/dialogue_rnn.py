"""DialogueRNN: the dialogue, every party and the emotion each have a running state.

Majumder, Poria, Hazarika, Mihalcea, Gelbukh and Cambria: "DialogueRNN: An
Attentive RNN for Emotion Detection in Conversations", AAAI 2019; the variant
BiDialogueRNN+Att. For turn t with vectors u_t, spoken by s:

    g_t = GRU_G([u_t ; q_{s,t−1}], g_{t−1})              the dialogue
    α_t = softmax(u_tᵀ W_α [g_1 … g_{t−1}])
    c_t = Σ_k α_{t,k} g_k                                what was said before (c_1 = 0)
    q_{s,t} = GRU_P([u_t ; c_t], q_{s,t−1})              the speaker
    q_{r,t} = q_{r,t−1} for every other party r          listeners keep their state
    e_t = GRU_E(q_{s,t}, e_{t−1})                        the emotion

and the same backwards; ē_t = [→e_t ; ←e_t]. Then attention over the emotions:

    β_t = softmax(ē_tᵀ W_β [ē_1 … ē_N]),   z_t = ReLU(W Σ_k β_{t,k} ē_k + b)

All states start at zero. Sizes as in the published code: 500 for all four
states and (times two) for z, dropout 0.1. Departures: one rate for all dropouts;
any number of parties; utterances with no modality at all are skipped; the
backward run knows who speaks (the published code reverses the utterances of a
dialogue but not its speakers, which agrees with the paper only by chance).
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.model.baselines.utterance_model import UtteranceVectors
from emospot.model.dropout import Dropout

WIDTH = 500
DROPOUT = 0.1


def attend_over(query: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
    """The mean of `memory` weighted by the softmax of its products with `query`.

    Args:
        query: shape (B, L, D).
        memory: shape (B, S, D).
        mask: what may be read, shape (B, S).

    Returns:
        Shape (B, L, D); zeros where nothing may be read.
    """
    readable = mask.any(dim=-1)[:, None, None]
    logits = query @ memory.transpose(1, 2)
    logits = logits.masked_fill(~(mask.unsqueeze(1) | ~readable), float("-inf"))
    return (torch.softmax(logits, dim=-1) @ memory) * readable


class OneWay(nn.Module):
    """The three recurrent states in one direction.

    Args:
        size: numbers of an utterance's vectors side by side.
        width: numbers of each state.
        dropout: of each new state.
    """

    def __init__(self, size: int, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.dialogue = nn.GRUCell(size + width, width)
        self.party = nn.GRUCell(size + width, width)
        self.emotion = nn.GRUCell(width, width)
        self.match = nn.Linear(size, width, bias=False)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, known: Tensor, speakers: Tensor, *, backwards: bool) -> Tensor:
        """The emotion state after each turn.

        Args:
            x: shape (B, U, size).
            known: which turns are read; the states pass over others, shape (B, U).
            speakers: index of the speaker, shape (B, U).
            backwards: from the last turn to the first.

        Returns:
            Shape (B, U, width).
        """
        B, U, _ = x.shape
        rows = torch.arange(B, device=x.device)
        queries = self.match(x)
        parties = x.new_zeros(B, int(speakers.max()) + 1, self.width)
        dialogue = emotion = x.new_zeros(B, self.width)
        before: list[Tensor] = []
        read: list[int] = []
        emotions: dict[int, Tensor] = {}
        for turn in reversed(range(U)) if backwards else range(U):
            here = known[:, turn].unsqueeze(-1)
            party = parties[rows, speakers[:, turn]]
            context = torch.zeros_like(dialogue)
            if before:
                memory = torch.stack(before, dim=1)
                query = queries[:, turn : turn + 1]
                context = attend_over(query, memory, known[:, read]).squeeze(1)
            u = x[:, turn]
            new = self.dropout(self.dialogue(torch.cat([u, party], dim=-1), dialogue))
            dialogue = torch.where(here, new, dialogue)
            new = self.dropout(self.party(torch.cat([u, context], dim=-1), party))
            party = torch.where(here, new, party)
            parties = parties.index_put((rows, speakers[:, turn]), party)
            new = self.dropout(self.emotion(party, emotion))
            emotion = torch.where(here, new, emotion)
            before.append(dialogue)
            read.append(turn)
            emotions[turn] = emotion
        return torch.stack([emotions[turn] for turn in range(U)], dim=1)


class DialogueRNN(nn.Module):
    """Both directions, and attention over the emotions of the dialogue.

    Args:
        dims: modality → numbers of its vector.
        width: numbers of each state; None: 500.
        dropout: of each new state and of z; None: 0.1.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        *,
        width: int | None = None,
        dropout: float | None = None,
    ) -> None:
        super().__init__()
        states = WIDTH if width is None else width
        rate = DROPOUT if dropout is None else dropout
        size = sum(dims.values())
        self.width = 2 * states
        self.forwards = OneWay(size, states, rate)
        self.backwards = OneWay(size, states, rate)
        self.match = nn.Linear(self.width, self.width, bias=False)
        self.dense = nn.Linear(self.width, self.width)
        self.dropout = Dropout(rate)

    def forward(self, inputs: UtteranceVectors) -> Tensor:
        """Shape (B, U, width)."""
        x, known, speakers = inputs.joined(), inputs.known, inputs.speakers
        emotions = self.dropout(
            torch.cat(
                [
                    self.forwards(x, known, speakers, backwards=False),
                    self.backwards(x, known, speakers, backwards=True),
                ],
                dim=-1,
            )
        )
        attended = attend_over(self.match(emotions), emotions, known)
        hidden: Tensor = self.dropout(F.relu(self.dense(attended)))
        return hidden
