"""Figures of what happens inside a model on the test conversations.

With `inside` a study also says of each job

    inside:gate mean, M                     see `evaluation.diagnosis.gates`
    inside:gate deviation, M                over tokens: a collapsed gate has none
    inside:gate and hotspots, M             correlation with the scores that the gate reads
    inside:gate and marks, M                the same with marked (or planted) hotspots
    inside:gate LEAST to MOST, M            share of the gate's values between these two
    inside:use entropy                      mean over pairs; 1: all aligners are used evenly
    inside:least use entropy                of the pair that uses its aligners least evenly
    inside:bits of the emotion              what the choice of aligners tells above chance, and
    inside:bits of the speaker              of planted conversations
    inside:bits of the style                (`evaluation.routing_information`)
    inside:lags found above chance          of speakers and pairs of modalities (planted), to
                                            one token; 0: as many as by one guess for all, 1: all

as further scores, which appear in the tables, in `results.json` and in the figures.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from emospot.batch import ConversationBatch, Example
from emospot.conversation.build import UNKNOWN_SPEAKER
from emospot.conversation.planted import PlantedWorld
from emospot.corpora.planted import TOKEN_SECONDS, true_styles
from emospot.evaluation.diagnosis.aligners import RoutingWatch
from emospot.evaluation.diagnosis.gates import GateWatch
from emospot.evaluation.diagnosis.interventions import watched
from emospot.evaluation.routing_information import (
    Information,
    RoutingWeights,
    emotion_information,
    speaker_information,
    style_information,
)
from emospot.experiments.corpus_entry import CorpusEntry
from emospot.experiments.metric import INSIDE
from emospot.experiments.stores import planted_entry
from emospot.features.store import FeatureStore
from emospot.hotspots.marks import is_marks
from emospot.model.emotion_model import EmotionOutput
from emospot.model.predict import predict
from emospot.model.pretrained import PretrainedModel
from emospot.model.speaker_lags import BETWEEN, STEP

TENTHS = 10
Styles = Mapping[tuple[str, str], int]
"""Dialogue and speaker → style, of planted conversations; empty of others."""
Turn = tuple[str, int]
"""Id of a conversation, and the number of an utterance in it."""


def inside_scores(
    model: PretrainedModel, examples: Sequence[Example], store: FeatureStore, entry: CorpusEntry
) -> dict[str, float]:
    """The figures of the module's docstring that a model has; empty for most baselines.

    Args:
        model: trained.
        examples: the test conversations.
        store: in which they lie.
        entry: what the study says of the corpus.
    """
    gates, routing, weights = GateWatch(model.recognizer), RoutingWatch(), RoutingWeights()
    lags = _LagWatch()

    def tell(batch: ConversationBatch, output: EmotionOutput) -> None:
        for watch in (gates, routing, weights, lags):
            watch.tell(batch, output)

    try:
        with watched(model.recognizer, tell):
            predict(model, examples)
    finally:
        gates.close()
    source = planted_entry(entry) if entry.planted else None
    styles: Styles = {}
    if source is not None and (weights.there or lags.found):
        splits = {example.conversation.id.partition(" ")[0] for example in examples}
        styles = true_styles(source, splits)
    marked = [m for m, detector in store.detectors.items() if is_marks(detector)]
    found: dict[str, float] = {}
    for use in gates.use(marked):
        found[f"gate mean, {use.modality}"] = use.mean
        found[f"gate deviation, {use.modality}"] = use.deviation.value
        for lower, share in _shares(use.histogram):
            found[f"gate {lower:.1f} to {lower + 1 / TENTHS:.1f}, {use.modality}"] = share
        for name, correlation in (
            ("hotspots", use.correlation),
            ("marks", use.marked_correlation),
        ):
            if correlation is not None:
                found[f"gate and {name}, {use.modality}"] = correlation.value
    uses = routing.use(getattr(model.config, "mixed", 1))
    if uses:
        found["use entropy"] = float(np.mean([use.entropy for use in uses]))
        found["least use entropy"] = min(use.entropy for use in uses)
        found |= _information(model, examples, weights, styles)
    if source is not None and lags.found:
        found["lags found above chance"] = lags_found(lags.found, examples, source.planted, styles)
    return {f"{INSIDE}:{name}": value for name, value in found.items()}


class _LagWatch:
    """Collects what a model holds for the lags of whoever speaks."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], dict[Turn, int]] = {}

    def tell(self, batch: ConversationBatch, output: EmotionOutput) -> None:
        """Take in a batch: how many steps from the middle the likeliest lag is."""
        for pair, likely in output.lags.items():
            first, second = pair.split(BETWEEN)
            steps = likely.argmax(dim=-1) - likely.shape[-1] // 2
            own = self.found.setdefault((first, second), {})
            for b, u in batch.mask.nonzero().tolist():
                own[batch.ids[b][u][0], u] = int(steps[b, u])


def lags_found(
    found: Mapping[tuple[str, str], Mapping[Turn, int]],
    examples: Sequence[Example],
    world: PlantedWorld,
    styles: Styles,
) -> float:
    """How many lags of speakers are found, at each speaker's last turn, above chance.

    Of s, the share that is found to one token, and s₀, that by the best one guess for all
    speakers of each pair: (s − s₀) / (1 − s₀).

    Args:
        found: modalities j and k → turn → steps by which k is held to lag behind j.
        examples: the test conversations.
        world: from which they were drawn.
        styles: of their speakers.
    """
    last = {
        (example.conversation.id, utterance.speaker): (example.conversation.id, place)
        for example in examples
        for place, utterance in enumerate(example.conversation.utterances)
    }
    seconds = world.lags * TOKEN_SECONDS
    places = {m: n for n, m in enumerate(world.modalities)}
    near = TOKEN_SECONDS + 1e-6
    hits = [
        abs(turns[turn] * STEP - (own[places[k]] - own[places[j]])) <= near
        for (j, k), turns in found.items()
        for who, turn in last.items()
        for own in [seconds[styles[who]]]
    ]
    held = seconds[[styles[who] for who in last]]
    guesses = []
    for j, k in found:
        true = held[:, places[k]] - held[:, places[j]]
        apart = np.abs(true[:, None] - np.arange(true.min(), true.max() + STEP, STEP))
        guesses.append((apart <= near).mean(axis=0).max())
    guessed = float(np.mean(guesses))
    return (float(np.mean(hits)) - guessed) / (1 - guessed) if guessed < 1 else 0.0


def _shares(histogram: Sequence[int]) -> Iterator[tuple[float, float]]:
    """Lower end and share of each tenth of a histogram from 0 to 1."""
    counts = np.array(histogram, dtype=np.float64).reshape(TENTHS, -1).sum(axis=1)
    return zip(np.arange(TENTHS) / TENTHS, counts / counts.sum(), strict=True)


def _information(
    model: PretrainedModel,
    examples: Sequence[Example],
    weights: RoutingWeights,
    styles: Styles,
) -> dict[str, float]:
    turns = [
        (example.conversation.id, place, utterance)
        for example in examples
        for place, utterance in enumerate(example.conversation.utterances)
    ]
    dialogues = [dialogue for dialogue, _, _ in turns]
    speakers = [utterance.speaker for _, _, utterance in turns]
    own = weights.of([(dialogue, place) for dialogue, place, _ in turns])
    named = [n for n, who in enumerate(speakers) if who != UNKNOWN_SPEAKER]
    found: dict[str, Information] = {
        "speaker": speaker_information(
            own[:, named], [speakers[n] for n in named], [dialogues[n] for n in named]
        )
    }
    if styles:
        found["style"] = style_information(own, styles, speakers, dialogues)
    if model.card.main.kind == "single":
        outputs = list(model.card.main.outputs)
        known = [n for n, (_, _, utterance) in enumerate(turns) if utterance.label in outputs]
        emotions = np.array([outputs.index(str(turns[n][2].label)) for n in known])
        found["emotion"] = emotion_information(
            own[:, known], emotions, [dialogues[n] for n in known]
        )
    return {f"bits of the {what}": one.bits - one.chance for what, one in found.items()}
