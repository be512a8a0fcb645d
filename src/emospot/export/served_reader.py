"""What a kernel reader says of one conversation, as a graph of tensors.

`model.kernel_reader` reads in NumPy and SciPy, with sparse letters. Here the same is
written in PyTorch, so that it can be exported: letters come as counts, and the lengths of
their parts from the products of the utterances' letters with each other.
"""

import torch
from torch import Tensor, nn

from emospot.model.kernel_reader import FARTHEST, LETTERS_WEIGHT, KernelReader
from emospot.model.turns_around import DECAY, REACH, relations


class ServedReader(nn.Module):
    """The reader of one head, for conversations one at a time.

    Args:
        reader: a trained one.
    """

    weight: Tensor
    idf: Tensor

    def __init__(self, reader: KernelReader) -> None:
        super().__init__()
        self.reader = reader
        self.relations = relations(reader.causal)
        # N-grams that no text of the training had are not read.
        self.register_buffer("idf", reader.inverse_frequency.clone())

    def forward(
        self,
        letters: Tensor,
        vectors: dict[str, Tensor],
        present: dict[str, Tensor],
        speakers: Tensor,
        there: Tensor,
    ) -> Tensor:
        """What it adds to the logits, shape (U, K).

        Args:
            letters: how often each n-gram of letters occurs, shape (U, buckets).
            vectors: source → numbers of each utterance, shape (U, d).
            present: source → which utterances have them, shape (U,).
            speakers: index of the speaker, shape (U,).
            there: which are utterances of the conversation, shape (U,).
        """
        reader = self.reader
        around = self._around(speakers, there)
        x = torch.where(letters > 0, 1 + torch.log(letters.clamp(min=1)), 0.0) * self.idf
        length = x.square().sum(dim=1, keepdim=True).sqrt()
        x = x / torch.where(length > 0, length, 1.0)
        said = [x @ part for part in reader.letter_weight]
        answer = _weighed(around, said, reader.letter_parts)
        alike = x @ x.T
        square = sum(
            w**2 * ((mean @ alike) * mean).sum(dim=1)
            for w, mean in zip(reader.letter_parts, around, strict=True)
        )
        square = torch.as_tensor(square).unsqueeze(1)
        some = square > 1e-9
        scale = torch.where(some, LETTERS_WEIGHT**0.5, 0.0)
        answer = answer * scale / torch.where(some, square, 1.0).sqrt()
        z = torch.cat([self._components(m, vectors[m], present[m]) for m in reader.sources], dim=1)
        parts = [w * (mean @ z) for w, mean in zip(reader.vector_parts, around, strict=True)]
        answer = answer + self._alike(torch.cat(parts, dim=1)) + reader.bias
        return answer * self._begun(present).unsqueeze(1)

    def _around(self, speakers: Tensor, there: Tensor) -> list[Tensor]:
        """For each part the matrix (U, U) of what is read of whom."""
        U = speakers.shape[0]
        place = torch.arange(U, device=speakers.device)
        apart = place.unsqueeze(1) - place.unsqueeze(0)
        same = speakers.unsqueeze(1) == speakers.unsqueeze(0)
        share = torch.exp(-apart.abs() / DECAY) * (apart.abs() <= REACH) * there
        means = [(apart == 0).to(share.dtype)]
        for before, own in self.relations:
            side = (apart > 0) if before else (apart < 0)
            kept = share * side * (same if own else ~same)
            means.append(kept / kept.sum(dim=1, keepdim=True).clamp(min=1e-12))
        whole = (apart >= 0) if self.reader.causal else torch.ones_like(same)
        whole = (whole & there).to(share.dtype)
        return [*means, whole / whole.sum(dim=1, keepdim=True).clamp(min=1)]

    def _components(self, name: str, x: Tensor, there: Tensor) -> Tensor:
        reader = self.reader
        mean, unit = getattr(reader, f"mean_{name}"), getattr(reader, f"unit_{name}")
        x = ((x - mean) * unit).clamp(-FARTHEST, FARTHEST) * there.unsqueeze(1)
        components: Tensor = getattr(reader, f"components_{name}")
        return x @ components

    def _alike(self, z: Tensor) -> Tensor:
        """The centres' answers, each weighed by how near an utterance is to it."""
        centres = self.reader.centres
        square = z.square().sum(dim=1, keepdim=True) + centres.square().sum(dim=1)
        near = torch.exp(-0.5 * (square - 2 * z @ centres.T).clamp(min=0))
        return near @ self.reader.centre_weight

    def _begun(self, present: dict[str, Tensor]) -> Tensor:
        known = torch.stack([present[m] for m in self.reader.modalities]).any(dim=0)
        if self.reader.causal:
            return known.cumsum(dim=0) > 0
        return known.any().expand_as(known)


def _weighed(around: list[Tensor], parts: list[Tensor], weights: tuple[float, ...]) -> Tensor:
    found = [w * (mean @ x) for w, mean, x in zip(weights, around, parts, strict=True)]
    return torch.stack(found).sum(dim=0)
