"""Diagnose a trained model: all measurements and findings of one split.

The conversations are answered once while gates, routing and the graph are watched, then
again with each part replaced (`contributions`). What a model has not got is left out and
named, and no finding is about it.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from torch import nn

from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.errors import UsageError
from emospot.evaluation.answers import predictions_of
from emospot.evaluation.classification import classification_scores
from emospot.evaluation.diagnosis.aligners import RoutingWatch
from emospot.evaluation.diagnosis.answer_findings import (
    calibration_finding,
    class_findings,
    group_findings,
)
from emospot.evaluation.diagnosis.contributions import Contributions, main_metric
from emospot.evaluation.diagnosis.diagnosis import SEVERITIES, Diagnosis
from emospot.evaluation.diagnosis.error_groups import Confusion, confusions, error_groups
from emospot.evaluation.diagnosis.findings import MARGIN, Finding
from emospot.evaluation.diagnosis.gates import GateWatch
from emospot.evaluation.diagnosis.interventions import (
    GraphOutputs,
    graph_collected,
    graph_of,
    watched,
)
from emospot.evaluation.diagnosis.left_out import left_out
from emospot.evaluation.diagnosis.part_findings import (
    aligner_findings,
    contribution_findings,
    gate_findings,
)
from emospot.evaluation.diagnosis.reliability import Reliability, reliability
from emospot.evaluation.predictions import Predictions
from emospot.evaluation.run import check_fits, labelled_examples, seed_folders
from emospot.evaluation.significance import bootstrap_interval
from emospot.features.store import FeatureStore
from emospot.hotspots.marks import is_marks
from emospot.model.pretrained import PretrainedModel, load_model

DRAWS = 5
"""Shuffles of a part."""


def diagnose_run(
    run: Path,
    store: FeatureStore,
    split: str = "test",
    *,
    seed: int | None = None,
    draws: int = DRAWS,
    random_seed: int = 0,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Diagnosis:
    """Diagnose one model of a run.

    Args:
        run: folder made by training, or a model's own folder.
        store: its features must be those of the training.
        split: "test", "dev" or "train" of the store.
        seed: of the training; None: the run's first.
        draws: as in `diagnose`.
        random_seed: as in `diagnose`.
        tell: as in `diagnose`.

    Raises:
        ModelError: if the run holds no model, or the store does not fit it.
        UsageError: if the run has no such seed.
        StoreError: if the store has no such split, or no utterance in it has an answer.
    """
    folders = dict(seed_folders(run))
    chosen = next(iter(folders)) if seed is None else seed
    if chosen not in folders:
        known = ", ".join(map(str, folders))
        raise UsageError(f"{run} has no seed {chosen}; it has: {known}")
    model = load_model(folders[chosen])
    check_fits(model, store)
    found = diagnose(
        model,
        labelled_examples(store, split),
        where=f"{split} of {store.path}",
        marked=[m for m, detector in store.detectors.items() if is_marks(detector)],
        draws=draws,
        random_seed=random_seed,
        tell=tell,
    )
    return replace(
        found,
        split=split,
        store_hash=store.content_hash,
        seed=chosen,
        seeds=tuple(folders),
    )


def diagnose(
    model: PretrainedModel,
    examples: Sequence[Example],
    *,
    where: str = "these conversations",
    marked: Collection[str] = (),
    draws: int = DRAWS,
    random_seed: int = 0,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Diagnosis:
    """Look at everything in a model that conversations can show.

    Args:
        model: of any kind.
        examples: the conversations; utterances without an answer are read as context.
        where: what holds the conversations, for the message.
        marked: modalities whose hotspots here are marked moments.
        draws: shuffles of each part; more are steadier and take longer.
        random_seed: of shuffles and draws; the same gives the same diagnosis.
        tell: told the passes over the conversations that are done, and all.

    Raises:
        StoreError: if the answer is known for no utterance.
    """
    task, config = model.card.main, model.config
    modalities = [m for m in config.modalities if _utterances_with(examples, m)]
    steps = _Steps(model, len(modalities), draws, tell)
    seen = _watch(model, examples, where)
    steps.done()
    ask = Contributions(model, examples, seen.base, draws=draws, seed=random_seed, tell=steps.done)
    contributions = (
        *([] if seen.graph is None else [ask.of_graph(*seen.graph)]),
        *(ask.of_modality(m) for m in modalities),
    )
    scale = task.scale if task.kind == "number" else 1.0
    metric, margin = main_metric(task), MARGIN * scale
    gates = seen.gates.use(marked)
    baseline = not isinstance(config, ModelConfig)
    aligners = () if not isinstance(config, ModelConfig) else seen.routing.use(config.mixed)
    groups = error_groups(seen.base, examples, config.modalities)
    answers = _answers(seen.base, random_seed) if task.kind == "single" else _Answers()
    found = [
        *gate_findings(gates, seen.gates.untested),
        *aligner_findings(aligners),
        *contribution_findings(
            contributions, metric, margin, len(seen.base.dialogue_ids), baseline=baseline
        ),
        *answers.findings,
        *group_findings(groups, scale, shares=task.kind != "number", baseline=baseline),
    ]
    return Diagnosis(
        model=model.card.name,
        kind=config.kind,
        task=task.name,
        task_kind=task.kind,
        labels=task.outputs,
        metric=metric,
        margin=margin,
        conversations=len(examples),
        utterances=len(seen.base),
        score=bootstrap_interval(seen.base, metric, seed=random_seed),
        contributions=contributions,
        gates=gates,
        untested_gates=seen.gates.untested,
        aligners=aligners,
        calibration=answers.calibration,
        confusion=answers.confusion,
        confusions=answers.confusions,
        groups=groups,
        left_out=left_out(model, modalities, seen.gates, aligners, groups),
        findings=tuple(sorted(found, key=lambda f: SEVERITIES.index(f.severity))),
        draws=draws,
        random_seed=random_seed,
    )


class _Steps:
    """Tells how many passes over the conversations are done."""

    def __init__(
        self, model: PretrainedModel, modalities: int, draws: int, tell: Callable[[int, int], None]
    ) -> None:
        graph = graph_of(model.recognizer) is not None
        # Shuffles, the mean, and of a modality its absence; at first the model as it is.
        self.total = 1 + graph * (draws + 1) + modalities * (draws + 2)
        self.passed = 0
        self.tell = tell
        tell(0, self.total)

    def done(self) -> None:
        """One more is done."""
        self.passed += 1
        self.tell(self.passed, self.total)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen while the conversations were answered as they are.

    Args:
        base: the answers.
        gates: watched.
        routing: watched.
        graph: the graph and what it said, None where there is none.
    """

    base: Predictions
    gates: GateWatch
    routing: RoutingWatch
    graph: tuple[nn.Module, GraphOutputs] | None


def _watch(model: PretrainedModel, examples: Sequence[Example], where: str) -> _Seen:
    gates, routing = GateWatch(model.recognizer), RoutingWatch()
    graph = graph_of(model.recognizer)
    with ExitStack() as stack:
        stack.callback(gates.close)
        stack.enter_context(watched(model.recognizer, gates.tell))
        stack.enter_context(watched(model.recognizer, routing.tell))
        said = None
        if graph is not None:
            said = graph, stack.enter_context(graph_collected(model.recognizer, graph))
        base = predictions_of(model, examples, where=where)
    return _Seen(base, gates, routing, said)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What is looked at where the task is of a single label; nothing elsewhere."""

    calibration: Reliability | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    confusions: tuple[Confusion, ...] = ()
    findings: tuple[Finding, ...] = ()


def _answers(base: Predictions, seed: int) -> _Answers:
    labels, said = base.task.outputs, base.predicted[0].astype(int)
    scores = classification_scores(base.true.astype(int), said, labels)
    pairs = confusions(base)
    answered = dict(zip(labels, np.bincount(said, minlength=len(labels)).tolist(), strict=True))
    found = list(class_findings(pairs, scores.support, answered))
    probabilities = cast(NDArray[np.floating], base.probabilities)
    confidence = probabilities[0].max(axis=1)
    calibration = reliability(confidence, said == base.true, base.dialogues, seed=seed)
    found.append(calibration_finding(calibration))
    return _Answers(calibration, scores.confusion, pairs, tuple(found))


def _utterances_with(examples: Sequence[Example], modality: str) -> int:
    return sum(t is not None for e in examples for t in e.tokens.get(modality, ()))
