"""The jobs of a study, which of them train, and what identifies their results."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from emospot.config import Config
from emospot.experiments.disturbances import Disturbances
from emospot.experiments.study import OPPONENT, Job, ModelEntry, Protocol, Study

YOUNGER_OPTIONS: Mapping[str, Mapping[str, object]] = {
    "model": {
        "learned_hotspots": (),
        "oracle": False,
        "hotspot_share": 0.25,
        "hotspot_rule": "by_modality",
        "kernel_reader": False,
        "summary": "attention",
        "encoder": "attention",
        "token_reach": None,
        "memory_reads": "sequence",
        "lag_start": 0.0,
        "lag_spacing": 0.3,
        "routing": "learned",
        "graph_form": "relations",
        "graph_reads": "context",
        "graph_places": False,
        "second_reading": False,
        "reading_ways": 4,
        "speaker_lags": False,
        "fusion_of_modalities": "joint",
    },
    "training": {"marks_weight": 0.0, "each_once": False},
}
"""Section → options that came after results were written → what these meant without them."""


def opponent_jobs(study: Study, folds: Mapping[str, tuple[str, ...]]) -> Iterator[Job]:
    """The jobs that choose the opponent; `folds`: corpus → names of its folds."""
    if study.choose_opponent is None:
        return
    for corpus in study.corpora:
        for features in study.features:
            for name, entry in study.models.items():
                if entry.candidate and _reads(entry, features):
                    for fold in folds[corpus]:
                        for seed in range(study.choose_opponent.seeds or 1):
                            yield Job(corpus, features, name, OPPONENT, fold, seed)


def test_jobs(study: Study, folds: Mapping[tuple[str, str], tuple[str, ...]]) -> Iterator[Job]:
    """The jobs of the protocols; `folds`: corpus and protocol → names of its folds."""
    entries = study.entries()
    for corpus in study.corpora:
        for protocol, how in study.protocols.items():
            for fold in folds[corpus, protocol]:
                for seed in range(how.seeds or study.seeds):
                    for features in study.features:
                        for name, entry in entries.items():
                            if _reads(entry, features):
                                yield Job(corpus, features, name, protocol, fold, seed)


def _reads(entry: ModelEntry, features: str) -> bool:
    return not entry.features or features in entry.features


def study_hash(study: Study, job: Job, data_hash: str) -> str:
    """What identifies a job's result: its training, and what else the model is asked."""
    trained = training_hash(study, job, data_hash)
    asked: dict[str, object] = {}
    if study.inside:
        asked["inside"] = True
    if study.disturbances != Disturbances():
        asked |= {"disturbances": study.disturbances.model_dump(), "metric": study.metric}
    return _digest([trained, asked]) if asked else trained


def training_hash(study: Study, job: Job, data_hash: str) -> str:
    """What identifies a training: configuration, data, fold and seed."""
    how = study.protocol_of(job)
    what = [
        _named(study.config(job.model)),
        study.features[job.features].model_dump(mode="json"),
        _described(how) if how else None,
        job.fold,
        job.seed,
        data_hash,
    ]
    return _digest(what)


def _digest(what: object) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


def trains_itself(study: Study, job: Job) -> bool:
    """Whether a job trains its model, rather than asks that of another job."""
    return training_job(study, job) == job


def training_job(study: Study, job: Job) -> Job:
    """The job whose model answers this one: that of the same conversations and all classes."""
    how = study.protocol_of(job)
    if how is None or not how.answers:
        return job
    own = _conversations(how)
    for name, protocol in study.protocols.items():
        trained = job.seed < (protocol.seeds or study.seeds) and not protocol.answers
        if trained and _conversations(protocol) == own:
            return replace(job, protocol=name)
    return job


def _conversations(protocol: Protocol) -> dict[str, Any]:
    """What says which conversations a protocol trains and tests on."""
    return protocol.model_dump(exclude={"answers", "seeds"})


def _described(protocol: Protocol) -> dict[str, Any]:
    """A protocol by what it says; `answers` are younger than some results."""
    values = protocol.model_dump(mode="json", exclude={"answers"})
    # Their order is that of the classes in the answers.
    return {**values, "answers": list(protocol.answers.items())} if protocol.answers else values


def _named(config: Config) -> dict[str, Any]:
    """A configuration by what it says; options younger than some results only where used."""
    values = config.model_dump(mode="json")
    for section, options in YOUNGER_OPTIONS.items():
        for name, before in options.items():
            if name in values[section] and getattr(getattr(config, section), name) == before:
                del values[section][name]
    return values
