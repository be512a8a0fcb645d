"""Runs that need not be made again, because a results file holds their answers.

Whoever compares a model of their own with published ones need not train these: where
configuration, data, fold and seed are the same, the answers are taken from the file, and
figures, intervals and tests are computed from them as if they had been given here.

Answers of a single label are kept as one number an utterance, compressed; whose they are
follows from the data, which are at hand.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.emotions import emotion_task
from emospot.errors import ConfigError, EmospotError
from emospot.evaluation.predictions import Predictions, among
from emospot.evaluation.task_scores import task_scores
from emospot.experiments.disturbances import WITHOUT, Disturbances, disturbances_of
from emospot.experiments.job import DISTURBED, Result, answers_digest, view_of
from emospot.experiments.jobs import study_hash, training_hash
from emospot.experiments.metric import INSIDE
from emospot.experiments.results_file import read_results, rounded
from emospot.experiments.study import Job, Protocol, Study
from emospot.experiments.views import StoreView
from emospot.features.store import FeatureStore


def packed(predicted: NDArray[np.generic]) -> str:
    """The classes of one seed as text.

    Args:
        predicted: indices of classes, below 256, shape (1, N).

    >>> unpacked(packed(np.array([[2, 0, 1]])))
    array([[2, 0, 1]])
    """
    return base64.b64encode(zlib.compress(predicted.astype(np.uint8).tobytes(), 9)).decode()


def unpacked(text: str) -> NDArray[np.int64]:
    """The classes that `packed` made a text of, shape (1, N).

    Raises:
        ValueError: if the text is damaged.
    """
    try:
        plain = zlib.decompress(base64.b64decode(text, validate=True))
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"answers cannot be read: {error}") from None
    return np.frombuffer(plain, dtype=np.uint8).astype(np.int64)[None]


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A run of a results file.

    Args:
        source: name of the file, when its study ended and by which versions.
        values: the run as the file has it.
        study: that it was made for, and which says what was asked besides.
    """

    source: str
    values: Mapping[str, Any]
    study: Study


def known_runs(paths: Iterable[Path]) -> dict[str, KnownRun]:
    """Hash of a training → the run that holds its answers, of all files.

    Of runs of one training that which was asked most is taken.

    Raises:
        ConfigError: if a file is no results file of a study, holds no answers of a single
            label, or two files answer one job differently.
    """
    found: dict[str, KnownRun] = {}
    for path in paths:
        study, values = read_results(path)
        try:
            source = _source(path, values["provenance"])
            own = {
                training_hash(
                    study, _job(run), values["corpora"][run["corpus"]]["hash"]
                ): KnownRun(run.get("known_from", source), run, study)
                for run in values["runs"]
                if "predicted" in run
            }
        except KeyError as error:
            raise ConfigError(f"{path} is damaged: {error} is missing") from None
        if not own:
            raise ConfigError(
                f"{path} holds no answers of single labels, so no run can be taken over from it"
            )
        for key in own.keys() & found.keys():
            if own[key].values["answers"] != found[key].values["answers"]:
                job = _job(own[key].values)
                raise ConfigError(f"{path} and {found[key].source} answer differently: {job.id}")
        found |= {
            key: run
            for key, run in own.items()
            if key not in found or len(run.values["scores"]) > len(found[key].values["scores"])
        }
    return found


def _source(path: Path, provenance: Mapping[str, Any]) -> str:
    packages = provenance["packages"]
    return (
        f"{path.name}, {provenance['finished']}, emospot {packages['emospot']}, torch "
        f"{packages['torch']}, {provenance['processor']}"
    )


def taken_over(
    study: Study, job: Job, store: FeatureStore, known: KnownRun
) -> tuple[Result, Predictions] | None:
    """A known run as if it had been made here.

    None where it does not fit data or scores, or was not asked all that is asked here.
    """
    view = view_of(study, job, store)
    run = known.values
    if not _asked_as_much(study, known.study):
        return None
    try:
        asked = truth(view, study.protocol_of(job))
        answers = replace(asked, predicted=unpacked(run["predicted"]))
    except (ValueError, EmospotError):
        return None
    if answers_digest(answers) != run["answers"] or answers.predicted.max() >= len(
        answers.task.outputs
    ):
        return None
    scores = task_scores(answers.task, answers.true, answers.predicted[0]).metrics()
    # Where the answers come from cannot be told without the model.
    besides = {name: value for name, value in run["scores"].items() if name not in scores}
    if rounded(scores) | besides != run["scores"]:
        return None
    besides = {name: value for name, value in besides.items() if _is_asked(study, name)}
    result = Result(
        job=job,
        hash=study_hash(study, job, store.content_hash),
        data=view.content_hash,
        dev=run.get("dev"),
        scores=scores | besides,
        epoch=run.get("epoch", 0),
        epochs_run=run.get("epochs_run", 0),
        parameters=run.get("parameters", 0),
        seconds=run.get("seconds", 0.0),
        history=(),
        answers=run["answers"],
        known_from=known.source,
    )
    return result, answers


def _asked_as_much(study: Study, known: Study) -> bool:
    """Whether all that a study asks besides its scores was asked in another."""
    here, there = study.disturbances, known.disturbances
    return (
        known.inside >= study.inside
        and set(here.noise) <= set(there.noise)
        and set(here.missing) <= set(there.missing)
        and here.without <= there.without
        and (here == Disturbances() or study.metric == known.metric)
    )


def _is_asked(study: Study, score: str) -> bool:
    """Whether a study asks for a score that another one may have asked for."""
    family, _, name = score.partition(":")
    if family == INSIDE:
        return study.inside
    if family == DISTURBED:
        if name.startswith(f"{WITHOUT} "):
            return study.disturbances.without
        return name in [one.name for one in disturbances_of(study.disturbances, ("a", "b"))]
    return True


def truth(view: StoreView, how: Protocol | None) -> Predictions:
    """What is asked on the test conversations, with the truth in the place of answers.

    Args:
        view: the data as the job sees them, with a label set.
        how: the protocol.
    """
    task = emotion_task(view.label_set)
    rows = [
        (stored.conversation.id, utterance.id, task.outputs.index(utterance.label))
        for stored in view.conversations("test")
        for utterance in stored.conversation.utterances
        if utterance.label is not None
    ]
    dialogues, utterances, true = zip(*rows, strict=True)
    labels = np.array(true)
    found = Predictions(
        task, dialogues, labels, labels[None], utterances, np.eye(len(task.outputs))[labels][None]
    )
    return among(found, how.answers) if how is not None and how.answers else found


def _job(run: Mapping[str, Any]) -> Job:
    named = {name: run[name] for name in ("corpus", "features", "model", "protocol", "seed")}
    return Job(**named, fold=run.get("fold", ""))
