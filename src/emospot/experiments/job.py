"""One job of a study: train on the training conversations, read the test conversations once.

The training gets a view of the store from which it reads the splits "train" and
"dev" alone; the test conversations are read after the weights are written.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emospot.batch import Example
from emospot.emotions import Task
from emospot.errors import EmospotError
from emospot.evaluation.answer_moments import hotspot_scores
from emospot.evaluation.answers import predictions_of
from emospot.evaluation.predictions import Predictions, among
from emospot.evaluation.run import labelled_examples
from emospot.evaluation.task_scores import task_scores
from emospot.experiments.disturbances import disturbances_of, disturbed
from emospot.experiments.folds import folds_of
from emospot.experiments.inside import inside_scores
from emospot.experiments.jobs import study_hash, training_hash, training_job
from emospot.experiments.study import OPPONENT, Job, Protocol, Study, parse_study
from emospot.experiments.views import StoreView
from emospot.features.store import FeatureStore
from emospot.files import write_json
from emospot.model.pretrained import PretrainedModel, load_model
from emospot.training.fit import train

DISTURBED = "disturbed"
"""What the study's metric is called under a disturbance, with its name after a colon."""
VERSION = 1
"""Of the structure of a line of results."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a job gave.

    Args:
        job: which one.
        hash: of configuration, data, fold and seed: equal hashes, equal work.
        data: content hash of what was read.
        dev: dev score of the chosen epoch; None where nothing was held out.
        scores: metric → figure on the test conversations.
        epoch: the chosen epoch, from 0.
        epochs_run: epochs trained.
        parameters: numbers that were trained by gradient steps.
        seconds: of the training.
        history: loss and dev score of every epoch.
        answers: hash of all predicted labels.
        known_from: the results file that held them, "" where the job was run here.
    """

    job: Job
    hash: str
    data: str
    dev: float | None
    scores: Mapping[str, float]
    epoch: int
    epochs_run: int
    parameters: int
    seconds: float
    history: tuple[Mapping[str, float], ...]
    answers: str
    known_from: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers, with the version of their structure."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Result":
        """The result that `to_dict` wrote.

        Raises:
            TypeError: if it has other fields, or is no mapping.
            KeyError: if it has no job or history.
            ValueError: if it is of another version.
        """
        found = dict(values)
        # Before versions were written there was only the first.
        version = found.pop("version", VERSION)
        if version != VERSION:
            raise ValueError(f"expected version {VERSION}, found {version}")
        return cls(**{**found, "job": Job(**found["job"]), "history": tuple(found["history"])})


def run_job(values: Mapping[str, Any], job: Job, stores: Mapping[str, str], out: str) -> Result:
    """Train, test and write the answers of one job; what a worker process calls.

    Args:
        values: the study as plain dictionaries.
        job: which job.
        stores: corpus → folder of its store.
        out: the study's folder.
    """
    import torch

    torch.set_num_threads(1)
    study = parse_study(values, "the study")
    store = FeatureStore.open(Path(stores[job.corpus]))
    view = view_of(study, job, store)
    trains = training_job(study, job)
    folder = Path(out) / "runs" / trains.folder
    _begin(folder, training_hash(study, trains, store.content_hash))
    started = time.monotonic()
    (trained,) = train(view, folder, study.config(job.model), seeds=[job.seed], resume=True)
    seconds = time.monotonic() - started
    model = load_model(folder / f"seed-{job.seed}" / "model")
    examples = labelled_examples(view, "test")
    answers = predictions_of(model, examples, where=f"test of {job.id}")
    how = study.protocol_of(job)
    answers = _asked(answers, how)
    write_answers(answers, answers_file(Path(out), job))
    return Result(
        job=job,
        hash=study_hash(study, job, store.content_hash),
        data=view.content_hash,
        dev=trained.dev_score,
        scores=_scores(answers) | _besides(study, job, model, examples, store),
        epoch=trained.epoch,
        epochs_run=trained.epochs_run,
        parameters=sum(p.numel() for p in model.recognizer.parameters()),
        seconds=max(seconds, trained.seconds),
        history=trained.history,
        answers=answers_digest(answers),
    )


def _asked(answers: Predictions, how: Protocol | None) -> Predictions:
    return among(answers, how.answers) if how is not None and how.answers else answers


def _scores(answers: Predictions) -> dict[str, float]:
    return dict(task_scores(answers.task, answers.true, answers.predicted[0]).metrics())


def _besides(
    study: Study,
    job: Job,
    model: PretrainedModel,
    examples: Sequence[Example],
    store: FeatureStore,
) -> dict[str, float]:
    """What is known of a model besides the scores of its answers; nothing of candidates."""
    if job.protocol == OPPONENT:
        return {}
    found = hotspot_scores(model, examples, store)
    if study.inside:
        found |= inside_scores(model, examples, store, study.corpora[job.corpus])
    for disturbance in disturbances_of(study.disturbances, model.config.modalities):
        worse = disturbed(examples, disturbance, model.config.modalities)
        answers = predictions_of(model, worse, where=f"test of {job.id}, {disturbance.name}")
        answers = _asked(answers, study.protocol_of(job))
        found[f"{DISTURBED}:{disturbance.name}"] = _scores(answers)[study.metric]
    return found


def _begin(folder: Path, key: str) -> None:
    """Make a job's folder; what an earlier call trained with other settings is removed.

    Without that, training would refuse to go on with a run of another configuration.
    """
    path = folder / "job.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if found != {"hash": key}:
        if folder.is_dir():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        write_json(path, {"hash": key}, indent=None)


def view_of(study: Study, job: Job, store: FeatureStore) -> StoreView:
    """The store as a job sees it."""
    protocol = study.protocol_of(job)
    if protocol is None:
        raise ValueError(f"{job.id}: the study does not choose an opponent")
    splits = folds_of(store, protocol)[job.fold]
    return StoreView(store, study.features[job.features], splits)


def answers_file(out: Path, job: Job) -> Path:
    """Where the answers of a job lie."""
    return out / "answers" / f"{job.folder}.json"


def answers_hash(path: Path) -> str:
    """The hash of the answers in a file, "" where there are none that can be read."""
    try:
        return answers_digest(read_answers(path))
    except (OSError, ValueError, KeyError, TypeError, EmospotError):
        return ""


def answers_digest(answers: Predictions) -> str:
    """Hash of all predicted labels or numbers."""
    # One number type for one kind of task: what a file holds must give the same hash.
    kind = {"single": np.int64, "several": np.bool_, "number": np.float64}[answers.task.kind]
    return hashlib.sha256(answers.predicted.astype(kind).tobytes()).hexdigest()[:16]


def write_answers(answers: Predictions, path: Path) -> None:
    """Write the answers of one seed."""
    values = {
        "task": asdict(answers.task),
        "dialogues": answers.dialogues,
        "utterances": answers.utterances,
        "true": answers.true.tolist(),
        "predicted": answers.predicted.tolist(),
    }
    write_json(path, values, indent=None)


def read_answers(path: Path) -> Predictions:
    """The answers that `write_answers` wrote."""
    values = json.loads(path.read_text(encoding="utf-8"))
    task: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values["task"].items()
    }
    return Predictions(
        task=Task(**task),
        dialogues=tuple(values["dialogues"]),
        utterances=tuple(values["utterances"]),
        true=np.array(values["true"]),
        predicted=np.array(values["predicted"]),
    )
