"""Runs a study: imports its corpora, runs its jobs over the cores, goes on after a stop.

A study's folder holds

    study.json      what was asked for
    stores/         the imported corpora
    runs/           one training run a job
    answers/        what each job answered on the test conversations
    results.jsonl   one line a finished job, appended as it comes
    opponents.json  the baselines that the primary model is held against, written
                    before the first test conversation is read
    results.json, table.md, curves.html
"""

import json
import multiprocessing
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emospot.corpora.instruments import NONE, standard_instruments
from emospot.corpora.table import FeatureColumn, TableOptions, import_table
from emospot.errors import ConfigError, UsageError
from emospot.experiments.folds import folds_of
from emospot.experiments.job import Result, answers_file, run_job
from emospot.experiments.study import (
    DATA_VARIABLE,
    OPPONENT,
    CorpusEntry,
    Job,
    Study,
    data_folder,
    opponent_jobs,
    shipped_file,
    study_hash,
    test_jobs,
)
from emospot.features.store import FeatureStore
from emospot.files import make_folder, write_file

LINES = "results.jsonl"


@dataclass(frozen=True, slots=True)
class Progress:
    """What is told while a study runs.

    Args:
        stage: e.g. "importing mine" or "testing".
        done: units done, earlier ones included.
        total: units in all.
        last: the job that has just ended, if one has.
        error: why it failed, if it did.
    """

    stage: str
    done: int
    total: int
    last: Job | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is on the disk when a study has run.

    Args:
        results: all finished jobs of the study.
        opponents: "corpus / features" → the baseline chosen by cross-validation.
        stores: corpus → its store's folder.
        failed: job → why it failed.
    """

    results: tuple[Result, ...]
    opponents: Mapping[str, str]
    stores: Mapping[str, Path]
    failed: Mapping[str, str]


def run_study(
    study: Study,
    out: Path,
    *,
    workers: int = 1,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Outcome:
    """Run what is not yet done of a study.

    Args:
        study: what to run.
        out: its folder, made if absent.
        workers: processes at once, of one thread each.
        tell: told of every step.

    Raises:
        UsageError: if the folder holds another study.
        ConfigError: if a corpus is not found.
    """
    _open(study, out)
    stores = {
        name: _store(name, entry, out / "stores" / name, tell)
        for name, entry in study.corpora.items()
    }
    opened = {name: FeatureStore.open(path) for name, path in stores.items()}
    runner = _Runner(study, out, stores, opened, workers, tell)
    runner.run("choosing opponents", _opponent_jobs(study, opened))
    opponents = _choose_opponents(study, runner.done.values())
    if opponents:
        write_file(out / "opponents.json", json.dumps(opponents, indent=2).encode())
    runner.run("training and testing", _test_jobs(study, opened))
    return Outcome(tuple(runner.done.values()), opponents, stores, runner.failed)


def _open(study: Study, out: Path) -> None:
    make_folder(out)
    path = out / "study.json"
    values = study.model_dump(mode="json")
    if path.is_file() and json.loads(path.read_text(encoding="utf-8"))["title"] != study.title:
        raise UsageError(f"{out} holds another study: choose another --out")
    write_file(path, json.dumps(values, indent=2, ensure_ascii=False).encode())


def _store(name: str, entry: CorpusEntry, folder: Path, tell: Callable[[Progress], None]) -> Path:
    """The store of a corpus, imported if it is not there."""
    if entry.store is not None:
        return data_folder() / entry.store
    if (folder / "manifest.json").is_file():
        return folder
    source = shipped_file(str(entry.source)) or data_folder() / str(entry.source)
    if not source.exists():
        raise ConfigError(
            f"corpus {name}: {source} is not there; set {DATA_VARIABLE} to the folder that "
            f"holds {entry.source}"
        )
    if entry.kind != "table":
        raise ConfigError(f'corpus {name}: unknown kind "{entry.kind}"')
    import_table(
        source,
        folder,
        TableOptions(
            name=name,
            columns=entry.columns,
            label_set=entry.label_set,
            labels=entry.labels,
            no_label=entry.no_label,
            features={m: FeatureColumn(*c.split(":", 1)) for m, c in entry.features.items()},
            targets=entry.targets,
        ),
        standard_instruments(
            words=NONE if "words" in entry.features else entry.words,
            voice=entry.voice,
            face=entry.face,
            recordings=entry.voice != NONE or entry.face != NONE,
        ),
        lambda done, total: tell(Progress(f"importing {name}", done, total)),
    )
    return folder


def _opponent_jobs(study: Study, stores: Mapping[str, FeatureStore]) -> list[Job]:
    how = study.choose_opponent
    if how is None:
        return []
    return list(opponent_jobs(study, {n: tuple(folds_of(s, how)) for n, s in stores.items()}))


def _test_jobs(study: Study, stores: Mapping[str, FeatureStore]) -> list[Job]:
    folds = {
        (corpus, protocol): tuple(folds_of(store, how))
        for corpus, store in stores.items()
        for protocol, how in study.protocols.items()
    }
    return list(test_jobs(study, folds))


def _choose_opponents(study: Study, results: Iterable[Result]) -> dict[str, str]:
    """For each "corpus / features" the candidate with the best mean over folds and seeds."""
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        if result.job.protocol == OPPONENT:
            place = f"{result.job.corpus} / {result.job.features}"
            scores[place][result.job.model].append(result.scores[study.metric])
    return {
        place: max(models, key=lambda name: sum(models[name]) / len(models[name]))
        for place, models in scores.items()
    }


class _Runner:
    """Runs jobs in worker processes and appends what they give."""

    def __init__(
        self,
        study: Study,
        out: Path,
        stores: Mapping[str, Path],
        opened: Mapping[str, FeatureStore],
        workers: int,
        tell: Callable[[Progress], None],
    ) -> None:
        self.study, self.out, self.tell, self.workers = study, out, tell, workers
        self.stores = {name: str(path) for name, path in stores.items()}
        self.hashes = {name: store.content_hash for name, store in opened.items()}
        self.done: dict[str, Result] = {}
        self.failed: dict[str, str] = {}
        self.earlier = _earlier(out / LINES)

    def run(self, stage: str, jobs: Sequence[Job]) -> None:
        """Run those of the jobs that are not done."""
        waiting = []
        for job in jobs:
            result = self.earlier.get(study_hash(self.study, job, self.hashes[job.corpus]))
            if result is not None and answers_file(self.out, job).is_file():
                self.done[job.id] = result
            else:
                waiting.append(job)
        done = len(jobs) - len(waiting)
        if jobs:
            self.tell(Progress(stage, done, len(jobs)))
        for job, result, error in self._results(waiting):
            done += 1
            if result is not None:
                self.done[job.id] = result
                with (self.out / LINES).open("a", encoding="utf-8") as file:
                    file.write(json.dumps(result.to_dict()) + "\n")
            else:
                self.failed[job.id] = error
            self.tell(Progress(stage, done, len(jobs), job, error))

    def _results(self, jobs: Sequence[Job]) -> Iterable[tuple[Job, Result | None, str]]:
        if not jobs:
            return
        values = self.study.model_dump(mode="json")
        # Spawned, not forked: a fork of a process with threads can hang.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(self.workers, len(jobs)), mp_context=context) as pool:
            running: dict[Future[Result], Job] = {
                pool.submit(run_job, values, job, self.stores, str(self.out)): job for job in jobs
            }
            try:
                while running:
                    finished, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in finished:
                        yield _outcome(running.pop(future), future)
            finally:
                for future in running:
                    future.cancel()


def _outcome(job: Job, future: "Future[Result]") -> tuple[Job, Result | None, str]:
    error = future.exception()
    if error is None:
        return job, future.result(), ""
    # Whatever it is, it is told and must not cost the other jobs.
    return job, None, f"{type(error).__name__}: {error}"


def _earlier(path: Path) -> dict[str, Result]:
    """Hash → result of the jobs that an earlier call finished."""
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        values = _whole(line)
        if values is not None:
            found[values["hash"]] = Result.from_dict(values)
    return found


def _whole(line: str) -> dict[str, Any] | None:
    """A line of results, or None for the half line that a kill left."""
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None
