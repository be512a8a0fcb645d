"""How each speaker's modalities lag behind each other, and moments brought in line by it.

One turn hardly tells whether a raised brow comes before or after the word that it belongs
to; ten turns of a speaker do. The first reading says of every moment how likely it is the
one that tells (w, `second_reading`). Of utterance u and modalities j, k their distances are

    c_u[δ] = Σ_ts w_j[t] · w_k[s] · [τ_k[s] − τ_j[t] = δ]

in steps of a quarter of a second, a distance between two steps shared between them, those
beyond the reach left out; and over the turns u of the speaker of utterance i (with
`causal` those up to i):

    q_i[δ] = Σ_u c_u[δ] / Σ_uδ c_u[δ]
    P_i    = softmax_δ(γ log(q_i[δ] + ε)),        γ learned
    Y_{k→j}[t] = Σ_s P_i(τ_k[s] − τ_j[t]) · LayerNorm X_k[s]  /  max(1, Σ_s P_i)

Y is what modality k shows when, by this speaker's habit, it shows what j shows at t. The
second reading reads it beside the memories. Aligners choose by what an utterance says and
cannot know this: it is in no single utterance.

A speaker who is not named may be several people: of those each turn stands for itself.
Times are taken as they come: where the words' times are not known, or the modalities' clocks
differ, what is found is no habit of anybody.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.batch import ConversationBatch
from emospot.model.past import Past
from emospot.model.row_groups import RowGroup, put_back

BETWEEN = " to "
"""Stands between the names of two modalities: from the first to the second."""
STEP = 0.25
"""Seconds between two distances that are told apart."""
EPSILON = 0.02
SHARPNESS = 1.0
"""log γ to begin with."""


class SpeakerLags(nn.Module):
    """Finds the lags of speakers, and reads by them.

    Args:
        modalities: two at least.
        width: D.
        reach: greatest lag in seconds.
        causal: whether later turns must not be read.
    """

    def __init__(
        self, modalities: Sequence[str], width: int, reach: float, *, causal: bool
    ) -> None:
        super().__init__()
        self.pairs = [(j, k) for n, j in enumerate(modalities) for k in modalities[n + 1 :]]
        self.middle = max(1, round(reach / STEP))
        self.causal = causal
        self.norms = nn.ModuleDict({m: nn.LayerNorm(width) for m in modalities})
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS))

    @property
    def lags(self) -> Tensor:
        """The distances in seconds, shape (L,)."""
        return STEP * torch.arange(-self.middle, self.middle + 1, dtype=torch.float)

    def forward(
        self,
        groups: Sequence[RowGroup],
        weights: Mapping[str, Sequence[Tensor]],
        batch: ConversationBatch,
        past: Past | None = None,
    ) -> dict[str, Tensor]:
        """P of every utterance.

        Args:
            groups: of all rows of the batch.
            weights: modality → w of each group's rows, each of shape (n, T).
            batch: says whose turns they are.
            past: what was kept of the one conversation that the batch goes on with.

        Returns:
            "j to k" → how likely it is that k comes so many seconds after j, (B, U, L).
        """
        found = []
        for number, group in enumerate(groups):
            own = [self._distances(group, j, k, weights, number) for j, k in self.pairs]
            found.append(torch.stack(own, dim=1))
        habit = self._over_turns(put_back(found, groups, batch.mask), batch, past)
        share = habit / habit.sum(dim=-1, keepdim=True).clamp(min=1e-6)
        likely = torch.softmax(self.sharpness.exp() * (share + EPSILON).log(), dim=-1)
        return {f"{j}{BETWEEN}{k}": likely[:, :, n] for n, (j, k) in enumerate(self.pairs)}

    def _distances(
        self,
        group: RowGroup,
        j: str,
        k: str,
        weights: Mapping[str, Sequence[Tensor]],
        number: int,
    ) -> Tensor:
        """C of the rows of a group, shape (n, L)."""
        together = weights[j][number].unsqueeze(2) * weights[k][number].unsqueeze(1)
        low, fraction = self._places(group, j, k)
        found = together.new_zeros(len(together), 2 * self.middle + 3)
        found = found.scatter_add(1, low.flatten(1), (together * (1 - fraction)).flatten(1))
        found = found.scatter_add(1, low.flatten(1) + 1, (together * fraction).flatten(1))
        return found[:, 1:-1]

    def _places(self, group: RowGroup, j: str, k: str) -> tuple[Tensor, Tensor]:
        """The step below each distance, from 1, and how far above it, each (n, T, S).

        A step more on each side takes what is beyond the reach.
        """
        distance = group.times[k].unsqueeze(1) - group.times[j].unsqueeze(2)
        place = (distance / STEP + self.middle + 1).clamp(0, 2 * self.middle + 2)
        low = place.floor().clamp(max=2 * self.middle + 1)
        return low.long(), place - low

    def _over_turns(self, own: Tensor, batch: ConversationBatch, past: Past | None) -> Tensor:
        """The sum over the turns of each speaker, of what is there of each (B, U, …)."""
        if torch.compiler.is_exporting():
            return self._over_pairs_of_turns(own, batch)
        speaker = F.one_hot(batch.speakers, int(batch.speakers.max()) + 1)
        speaker = (speaker * (batch.mask & batch.named).unsqueeze(-1)).to(own.dtype)
        flat = own.flatten(2)
        found = torch.zeros_like(flat)
        before = [] if past is None else past.kept("lags", [])
        after = list(before)
        for number, who in enumerate(speaker.unbind(dim=-1)):
            turns = who.unsqueeze(-1)
            if self.causal:
                total = (flat * turns).cumsum(dim=1)
                total = total + before[number] if number < len(before) else total
                after[number : number + 1] = [total[:, -1:]]
            else:
                total = (flat * turns).sum(dim=1, keepdim=True)
            found = found + total * turns
        if past is not None:
            past.keep("lags", after)
        alone = (batch.mask & ~batch.named).unsqueeze(-1)
        return (found + flat * alone).view_as(own)

    def _over_pairs_of_turns(self, own: Tensor, batch: ConversationBatch) -> Tensor:
        """The same in a graph of tensors, where the number of speakers is not known."""
        known = batch.mask & batch.named
        same = batch.speakers.unsqueeze(2) == batch.speakers.unsqueeze(1)
        same = same & known.unsqueeze(2) & known.unsqueeze(1)
        turns = torch.arange(own.shape[1], device=own.device)
        if self.causal:
            same = same & (turns.unsqueeze(1) >= turns)
        alone = (batch.mask & ~batch.named).unsqueeze(1) & (turns.unsqueeze(1) == turns)
        return ((same | alone).to(own.dtype) @ own.flatten(2)).view_as(own)

    def read(self, group: RowGroup, lags: Mapping[str, Tensor], target: str) -> Tensor:
        """Y of the other modalities, side by side.

        Args:
            group: of n rows.
            lags: P of its rows, of each pair of shape (n, L).
            target: j.

        Returns:
            Shape (n, T, (M − 1) · D).
        """
        read = []
        for source, norm in self.norms.items():
            if source == target:
                continue
            likely = lags.get(f"{target}{BETWEEN}{source}")
            if likely is None:
                likely = lags[f"{source}{BETWEEN}{target}"].flip(-1)
            likely = F.pad(likely, (1, 1))
            low, fraction = self._places(group, target, source)
            n, T, S = low.shape
            below = likely.gather(1, low.flatten(1)).view(n, T, S)
            above = likely.gather(1, low.flatten(1) + 1).view(n, T, S)
            share = below * (1 - fraction) + above * fraction
            share = share * group.mask[source].unsqueeze(1)
            share = share / share.sum(dim=-1, keepdim=True).clamp(min=1)
            read.append(share @ norm(group.x[source]))
        return torch.cat(read, dim=-1)
