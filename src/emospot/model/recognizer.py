"""The recognizer: conversations in, emotions with their inner evidence out.

    tokens ─ fusion ─ token encoder ─ summaries ─ context encoder ─┬─ memories M ─┐
      │                   │              │                         │              ├─ heads ─ chain
      └──── mean ─────────┼──────────────┘                         │              │
                          └── tokens + context ── cross-attention ─┘   graph  G ──┘

The graph reads the contexts, or the memories. With a second reading the memories are what
moments tell when they are asked, once before the graph and once with what it says
(`second_reading`).

Each part is handed in finished (`builder.build_recognizer`); this file only says
what flows where. Rows are the valid utterances of a batch (`row_groups`).
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from emospot.batch import ConversationBatch
from emospot.conversation import WORDS
from emospot.model.cross_modal_memory import CrossModalMemory, Sequences
from emospot.model.emotion_dynamics import EmotionDynamics
from emospot.model.emotion_model import EmotionModel, EmotionOutput
from emospot.model.encoder import ContextEncoder, RecurrentContext, recur_together
from emospot.model.hotspot_gated_fusion import HotspotGatedFusion
from emospot.model.kernel_reader import KernelReader, add_readings
from emospot.model.learned_hotspots import LearnedHotspots
from emospot.model.learned_moments import LearnedMoments
from emospot.model.mixture_of_aligners import Routing, expert_usage, routing_losses
from emospot.model.past import Past
from emospot.model.row_groups import RowGroup, join_routings, put_back, put_back_tokens
from emospot.model.second_reading import SecondReading, Told
from emospot.model.spotters import answers_of, hotspot_losses
from emospot.model.stem import ModalityStem
from emospot.model.timing import timing_of
from emospot.model.token_encoding import encoded_summaries, fused_rows, spotters_of


class Recognizer(EmotionModel):
    """Emotions of the utterances of conversations.

    Args:
        stems: modality → its own parts, in the order of the batch.
        token_memory: cross-attention over the tokens of an utterance, or None.
        utterance_memory: cross-attention over the utterances, or None.
        graph: the conversation graph, or None.
        graph_reads_memory: whether its nodes are the memories, else the contexts.
        second_reading: of the moments, before the graph and after it, or None.
        heads: head → network from [M ; G] to logits.
        own_heads: head → modality → network from the modality's own context to
            logits, whose sum over the present modalities is a second answer;
            empty: none.
        prior: head → logits where no modality is present.
        readers: head → kernel reader, where there is one.
        dynamics: head → chain over its answers, where there is one.
        width: D.
        causal: whether later utterances must not be read.
    """

    absent: Tensor

    def __init__(
        self,
        stems: Mapping[str, ModalityStem],
        *,
        token_memory: CrossModalMemory | None,
        utterance_memory: CrossModalMemory | None,
        graph: nn.Module | None,
        graph_reads_memory: bool,
        second_reading: SecondReading | None,
        heads: Mapping[str, nn.Module],
        own_heads: Mapping[str, Mapping[str, nn.Module]],
        prior: Mapping[str, Tensor],
        readers: Mapping[str, KernelReader],
        dynamics: Mapping[str, EmotionDynamics],
        width: int,
        causal: bool,
    ) -> None:
        super().__init__(readers)
        self.stems = nn.ModuleDict(stems)
        self.token_memory = token_memory
        self.utterance_memory = utterance_memory
        self.graph = graph
        self.graph_reads_memory = graph_reads_memory
        self.second_reading = second_reading
        self.heads = nn.ModuleDict(heads)
        self.own_heads = nn.ModuleDict(
            {name: nn.ModuleDict(networks) for name, networks in own_heads.items()}
        )
        self.dynamics = nn.ModuleDict(dynamics)
        self.absent = nn.Parameter(torch.randn(len(stems), width) * 0.02)
        self.causal = causal
        for name, logits in prior.items():
            self.register_buffer(f"prior_{name}", logits)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities in the order of the batch."""
        return tuple(self.stems)

    def set_input_statistics(self, modality: str, mean: Tensor, deviation: Tensor) -> None:
        """Standardise a modality by the training data's mean and deviation, shape (d,)."""
        normalisation = self._stem(modality).normalisation
        normalisation.mean.copy_(mean)
        normalisation.deviation.copy_(deviation)

    def set_transitions(self, head: str, counts: Tensor) -> None:
        """How often one class followed another in training; see `emotion_dynamics`."""
        if head in self.dynamics:
            cast(EmotionDynamics, self.dynamics[head]).set_transitions(counts)

    def set_classes(self, head: str, frequency: Tensor, resting: int | None) -> None:
        """How often each class is in training, and which is no emotion."""
        for spotter in spotters_of(self._stems).values():
            if isinstance(spotter, LearnedMoments) and head in spotter.answers:
                spotter.set_classes(head, frequency, resting)

    def forward(self, batch: ConversationBatch, past: Past | None = None) -> EmotionOutput:
        """Recognise the emotions of a batch.

        Args:
            batch: conversations.
            past: what was kept of the one conversation that the batch goes on with; what
                is to be kept of it from here on stands in it afterwards. Only where
                `why_not_live` has nothing against it.
        """
        present = batch.present & batch.mask.unsqueeze(-1)
        gates = {
            m: torch.zeros_like(batch.modalities[m].scores)
            for m, stem in self._stems.items()
            if isinstance(stem.fusion, HotspotGatedFusion)
        }
        groups = list(
            fused_rows(
                self._stems, batch, present, gates, causal=self.causal, training=self.training
            )
        )
        summaries = encoded_summaries(self._stems, groups, batch.mask)
        timing = timing_of(batch, past)
        context = self._contextualise(summaries, timing, present, batch.speakers, past)
        routings = self._align_tokens(groups, context, present)
        told = self._ask(groups, batch, past=past)
        memory = told.read if told else self._remember(groups, context, present, routings)
        graph = self._graph(context, memory, present, batch.speakers, past)
        remembered = self._fill_absent(memory, present)
        again = self._ask(groups, batch, remembered if graph is None else graph, told)
        if again:
            remembered = self._fill_absent(again.read, present)
        joined = remembered if graph is None else torch.cat((remembered, graph), dim=-1)
        answers = self._answers(joined, context, present, again)
        spotters = spotters_of(self._stems)
        usage = {name: expert_usage(r) for name, r in routings.items()}
        return EmotionOutput(
            logits=self._together(answers, present, batch, timing, past),
            gates=gates,
            routing={
                name: r.selected.unflatten(0, batch.mask.shape) for name, r in routings.items()
            },
            expert_usage=usage,
            losses=routing_losses(routings, usage, batch.mask)
            | hotspot_losses(spotters, groups, batch.mask.shape[1]),
            parts=answers if self.own_heads else {},
            hotspots={
                m: put_back_tokens(
                    [group.spotted[m].scores for group in groups],
                    groups,
                    batch.modalities[m].scores,
                )
                for m in spotters
            },
            evidence=answers_of(spotters, LearnedHotspots, groups, batch.mask),
            against_rest=answers_of(spotters, LearnedMoments, groups, batch.mask),
            reading=again.weights if again else {},
            lags=again.lags if again else {},
            beside={self._main: told.answers + again.answers} if told and again else {},
        )

    def why_not_live(self) -> str:
        """Why it cannot go on with a conversation, "" where it can."""
        if not self.causal:
            return "it reads later utterances: train one with model.causal"
        contexts = [stem.context for stem in self._stems.values()]
        if any(isinstance(context, ContextEncoder) for context in contexts):
            return "its context reads all utterances before: train one with a recurrent context"
        if self.utterance_memory is not None:
            return "its aligners read all utterances before: train one that aligns tokens alone"
        return ""

    def _graph(
        self,
        context: Mapping[str, Tensor],
        memory: Tensor,
        present: Tensor,
        speakers: Tensor,
        past: Past | None,
    ) -> Tensor | None:
        """G of every utterance, shape (B, U, M · D), where there is a graph."""
        if self.graph is None:
            return None
        nodes = memory
        if not self.graph_reads_memory:
            nodes = torch.stack([context[m] for m in self.modalities], dim=2)
        U = nodes.shape[1]
        if past is not None:
            before = cast(int, self.graph.before)
            nodes = past.window("graph nodes", nodes, before)
            present = past.window("graph present", present, before)
            speakers = past.window("graph speakers", speakers, before)
        found: Tensor = self.graph(nodes, present, speakers)
        return found[:, -U:]

    @property
    def _main(self) -> str:
        return next(iter(self.heads))

    def _stem(self, modality: str) -> ModalityStem:
        return cast(ModalityStem, self.stems[modality])

    @property
    def _stems(self) -> dict[str, ModalityStem]:
        return {m: self._stem(m) for m in self.modalities}

    def _contextualise(
        self,
        summaries: Mapping[str, Tensor],
        timing: Tensor,
        present: Tensor,
        speakers: Tensor,
        past: Past | None,
    ) -> dict[str, Tensor]:
        """Modality → its contexts, shape (B, U, D), zeros where it is absent."""
        known = dict(summaries)
        for m, stem in self._stems.items():
            if stem.timing is not None:
                known[m] = known[m] + stem.timing(timing.to(known[m].dtype))
        there = {m: present[:, :, number] for number, m in enumerate(self.modalities)}
        recurrent = [m for m in known if isinstance(self._stem(m).context, RecurrentContext)]
        if past is None and recurrent:
            together = recur_together(
                [cast(RecurrentContext, self._stem(m).context) for m in recurrent],
                [known[m] for m in recurrent],
                [there[m] for m in recurrent],
                speakers,
            )
            known |= dict(zip(recurrent, together, strict=True))
        for m, stem in self._stems.items():
            context = stem.context
            if isinstance(context, RecurrentContext) and past is not None:
                known[m] = context(known[m], there[m], speakers, past, m)
            elif isinstance(context, ContextEncoder):
                mask = there[m].unsqueeze(1).expand(-1, timing.shape[1], -1)
                known[m] = context(known[m], mask.tril() if self.causal else mask, speakers)
        return {m: known[m] * there[m].unsqueeze(-1) for m in self.modalities}

    def _align_tokens(
        self, groups: list[RowGroup], context: Mapping[str, Tensor], present: Tensor
    ) -> dict[str, Routing]:
        """Let tokens read the other modalities; the routing of every pair."""
        if self.token_memory is None:
            return {}
        found: dict[str, list[Routing]] = {}
        for group in groups:
            sequences = {}
            for number, m in enumerate(self.modalities):
                summary = context[m].flatten(0, 1)[group.rows].unsqueeze(1)
                x = group.x[m]
                token_context = self._stem(m).token_context
                if token_context is not None:
                    x = x + token_context(summary)
                there = present[:, :, number].flatten()[group.rows].unsqueeze(1)
                sequences[m] = Sequences(x, group.mask[m], group.times[m], summary, there)
            group.memories, routings = self.token_memory(sequences)
            if self.second_reading is None:
                # The tokens of a long conversation are large, and nobody reads them again.
                group.x.clear()
                group.memories = {m: own.without_elements() for m, own in group.memories.items()}
            for name, routing in routings.items():
                found.setdefault(name, []).append(routing)
        rows, count = torch.cat([group.rows for group in groups]), present[..., 0].numel()
        return {f"tokens:{n}": join_routings(r, rows, count) for n, r in found.items()}

    def _ask(
        self,
        groups: list[RowGroup],
        batch: ConversationBatch,
        known: Tensor | None = None,
        before: Told | None = None,
        past: Past | None = None,
    ) -> Told | None:
        """What the moments tell, where they are asked."""
        ask = self.second_reading
        if ask is None:
            return None
        told: Told = ask(groups, batch, known, before, past)
        return told

    def _remember(
        self,
        groups: list[RowGroup],
        context: Mapping[str, Tensor],
        present: Tensor,
        routings: dict[str, Routing],
    ) -> Tensor:
        """The memories (B, U, M, D); adds the routing of utterances."""
        memory, mask = dict(context), present[..., 0]
        if self.token_memory is not None:
            for m in self.modalities:
                pooled = [cast(Tensor, group.memories[m].pooled).squeeze(1) for group in groups]
                memory[m] = put_back(pooled, groups, mask)
        if self.utterance_memory is not None:
            dtype = memory[self.modalities[0]].dtype
            turns = torch.arange(mask.shape[1], device=mask.device, dtype=dtype)
            sequences = {
                m: Sequences(
                    x=memory[m],
                    mask=present[:, :, number],
                    times=turns.expand(mask.shape),
                    summary=memory[m],
                    present=present[:, :, number],
                )
                for number, m in enumerate(self.modalities)
            }
            remembered, found = self.utterance_memory(sequences)
            memory = {m: cast(Tensor, one.pooled) for m, one in remembered.items()}
            routings |= {f"utterances:{name}": r for name, r in found.items()}
        return torch.stack([memory[m] for m in self.modalities], dim=2)

    def _fill_absent(self, memory: Tensor, present: Tensor) -> Tensor:
        there = present.unsqueeze(-1)
        return torch.where(there, memory, self.absent).flatten(2)

    def _answers(
        self,
        joined: Tensor,
        context: Mapping[str, Tensor],
        present: Tensor,
        told: Told | None,
    ) -> dict[str, tuple[Tensor, ...]]:
        """The answers of each head; the prior where no modality is present."""
        known = present.any(dim=-1, keepdim=True)
        answers = {}
        for name, head in self.heads.items():
            found = [head(joined)]
            if told and told.answers and name == self._main:
                found = [found[0] + told.together(present)]
            if self.own_heads:
                found.append(self._apart(name, context, present))
            prior = self.get_buffer(f"prior_{name}").to(joined.dtype)
            answers[name] = tuple(torch.where(known, logits, prior) for logits in found)
        return answers

    def _together(
        self,
        answers: Mapping[str, tuple[Tensor, ...]],
        present: Tensor,
        batch: ConversationBatch,
        timing: Tensor,
        past: Past | None,
    ) -> dict[str, Tensor]:
        """The mean answer of each head; once training is over, with readers and dynamics."""
        logits = {name: torch.stack(parts).mean(dim=0) for name, parts in answers.items()}
        if not self.training:
            logits = add_readings(logits, self.readers, batch, timing, past)
            linked = self.linked(present, past)
            for name, chain in self.dynamics.items():
                logits[name] = chain(
                    logits[name], linked, batch.speakers, batch.named, past, f"chain {name}"
                )
        return logits

    def linked(self, present: Tensor, past: Past | None = None) -> Tensor:
        """The utterances that the chain of answers runs over, shape (B, U).

        Where words are read, one without (a laugh, a breath) is passed over, unless
        no words have come at all.
        """
        known = present.any(dim=-1)
        if WORDS not in self.modalities:
            return known
        words = present[:, :, self.modalities.index(WORDS)]
        begun = words.cumsum(dim=1) > 0 if self.causal else words.any(dim=1, keepdim=True)
        if past is not None:
            begun = begun | past.kept("words have come", begun.new_zeros(1, 1))
            past.keep("words have come", begun[:, -1:])
        return words | (known & ~begun)

    def _apart(self, name: str, context: Mapping[str, Tensor], present: Tensor) -> Tensor:
        """The sum of what the present modalities say by themselves."""
        own = cast(nn.ModuleDict, self.own_heads[name])
        said = [own[m](context[m]) for m in self.modalities]
        return (torch.stack(said, dim=2) * present.unsqueeze(-1)).sum(dim=2)
