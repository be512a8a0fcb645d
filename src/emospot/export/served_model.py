"""`ServedModel`: a trained recognizer from the tensors of one conversation to its answers.

All that a service sends is a tensor, and all that comes back: no text, no object, and no
shape that depends on a value, so that it can be written down as a graph.
"""

from collections.abc import Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.batch import ConversationBatch, ModalityTensors
from emospot.conversation import WORDS
from emospot.emotions import Task
from emospot.errors import ModelError
from emospot.export.served_reader import ServedReader
from emospot.model.confidence import by_presence, presence_number
from emospot.model.emotion_dynamics import EmotionDynamics
from emospot.model.kernel_reader import KernelReader
from emospot.model.predict import label_probabilities
from emospot.model.pretrained import PretrainedModel
from emospot.model.reading import TIMING
from emospot.model.recognizer import Recognizer
from emospot.model.timing import timing_of

SPARE = 2
"""Empty utterances at the end of a conversation, and tokens at that of an utterance."""


class ServedModel(nn.Module):
    """The answers of a model's main head, as `predict` gives them.

    Args:
        model: a trained one of emospot's own kind.

    Raises:
        ModelError: if it is of another kind, or reads what cannot be exported.
    """

    def __init__(self, model: PretrainedModel) -> None:
        super().__init__()
        recognizer = model.recognizer
        if not isinstance(recognizer, Recognizer):
            raise ModelError(
                f"the model {model.card.name} is of kind {model.config.kind}: only models of "
                "emospot's own kind are exported"
            )
        if recognizer.second_reading is not None:
            raise ModelError(
                f"the model {model.card.name} reads its moments twice, and that cannot be "
                "exported yet: train one without model.second_reading"
            )
        self.recognizer = recognizer.eval()
        self.main: Task = model.card.main
        self.modalities = tuple(model.config.modalities)
        temperatures, _ = by_presence(model.card.confidence, model.card.partial, self.modalities)
        self.temperatures: Tensor
        self.register_buffer("temperatures", temperatures, persistent=False)
        self.pooled = {m for m in self.modalities if model.card.features[m].pooled}
        self.of_tokens = {
            f"{m}{kind}"
            for m in self.modalities
            if m not in self.pooled
            for kind in ("", "_times", "_scores", "_mask")
        }
        name = self.main.name
        reader = cast("KernelReader | None", dict(recognizer.readers.items()).get(name))
        chain = cast("EmotionDynamics | None", dict(recognizer.dynamics.items()).get(name))
        self.reader = ServedReader(reader) if reader is not None and reader.learned else None
        self.chain = chain if chain is not None and bool(chain.log_ratio.any()) else None
        # They follow here, on tensors; in the recognizer they would read objects.
        recognizer.readers, recognizer.dynamics = nn.ModuleDict(), nn.ModuleDict()

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Answer one conversation.

        Args:
            inputs: as `served_inputs` makes them.

        Returns:
            "logits" and "probabilities", shape (U, K), and for each modality "…_gate" or
            "…_hotspots", shape (U, T), where the model has them.
        """
        U = inputs["speakers"].shape[0]
        given = {**inputs, "there": torch.ones_like(inputs["named"])}
        inputs = {name: self._longer(name, own) for name, own in given.items()}
        batch = self._batch(inputs)
        timing = timing_of(batch)
        output = self.recognizer(batch)
        logits = output.logits[self.main.name]
        present = batch.present & batch.mask.unsqueeze(-1)
        if self.reader is not None:
            logits = logits + self._read(self.reader, inputs, batch, present, timing)
        if self.chain is not None:
            linked = self.recognizer.linked(present)
            logits = self.chain(logits, linked, batch.speakers, batch.named)
        temperature = self.temperatures[presence_number(present[0, :U])].unsqueeze(-1)
        found = {
            "logits": logits[0, :U],
            "probabilities": label_probabilities(self.main, logits[0, :U], temperature),
        }
        for kind, values in (("gate", output.gates), ("hotspots", output.hotspots)):
            for m, own in values.items():
                tokens = own.shape[2] if m in self.pooled else own.shape[2] - SPARE
                found[f"{m}_{kind}"] = own[0, :U, :tokens]
        return found

    def _longer(self, name: str, x: Tensor) -> Tensor:
        """With empty utterances, and tokens, at the end.

        A graph is drawn from one example, and what is one there, or gets one, is one for
        ever. With some to spare a conversation may be as short as it likes.
        """
        padding = [0, SPARE]
        if x.ndim > 1:
            tokens = SPARE if name in self.of_tokens else 0
            padding = [0, 0] * (x.ndim - 2) + [0, tokens] + padding
        return F.pad(x, padding)

    def _batch(self, inputs: Mapping[str, Tensor]) -> ConversationBatch:
        tensors = {
            m: ModalityTensors(
                inputs[m].unsqueeze(0),
                inputs[f"{m}_times"].unsqueeze(0),
                inputs[f"{m}_scores"].unsqueeze(0),
                inputs[f"{m}_mask"].unsqueeze(0),
            )
            for m in self.modalities
        }
        present = torch.stack([t.mask[:, :, 0] for t in tensors.values()], dim=-1)
        speakers = inputs["speakers"].unsqueeze(0)
        return ConversationBatch(
            modalities=tensors,
            present=present,
            mask=inputs["there"].unsqueeze(0),
            times=inputs["times"].unsqueeze(0),
            word_counts=inputs["word_counts"].unsqueeze(0),
            speakers=speakers,
            named=inputs["named"].unsqueeze(0),
            ids=(),
            texts=(),
            targets={},
        )

    def _read(
        self,
        reader: ServedReader,
        inputs: Mapping[str, Tensor],
        batch: ConversationBatch,
        present: Tensor,
        timing: Tensor,
    ) -> Tensor:
        vectors, there = {}, {}
        for number, m in enumerate(self.modalities):
            own = batch.modalities[m]
            mask = own.mask[0].unsqueeze(-1)
            total = own.values[0].masked_fill(~mask, 0.0).sum(dim=1)
            vectors[m] = total / mask.sum(dim=1).clamp(min=1)
            there[m] = present[0, :, number]
        vectors[TIMING] = timing[0]
        there[TIMING] = torch.ones_like(batch.mask[0])
        letters = inputs["letters"]
        if WORDS in there:
            letters = letters * there[WORDS].unsqueeze(1)
        said: Tensor = reader(letters, vectors, there, batch.speakers[0], batch.mask[0])
        return said
