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
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from emospot.errors import ConfigError, UsageError
from emospot.experiments.corpus_entry import CorpusEntry
from emospot.experiments.folds import dependent, folds_of
from emospot.experiments.job import Result, answers_file, answers_hash, run_job, write_answers
from emospot.experiments.jobs import (
    opponent_jobs,
    study_hash,
    test_jobs,
    training_hash,
    training_job,
    trains_itself,
)
from emospot.experiments.known_runs import KnownRun, taken_over
from emospot.experiments.metric import better
from emospot.experiments.stores import open_store
from emospot.experiments.study import OPPONENT, Job, Study
from emospot.features.store import FeatureStore
from emospot.files import make_folder, write_json
from emospot.processes import end_with_parent

LINES = "results.jsonl"
KNOWN = "known"
"""The stage in which known results are looked through."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What is told while a study runs.

    Args:
        stage: e.g. "importing mine" or "testing".
        done: units done, earlier ones included.
        total: units in all.
        last: the job that has just ended, if one has.
        error: why it failed, if it did.
        notice: what was odd in an import, "" for nothing.
    """

    stage: str
    done: int
    total: int
    last: Job | None = None
    error: str = ""
    notice: str = ""


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
    known: Mapping[str, KnownRun] | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Outcome:
    """Run what is not yet done of a study.

    Args:
        study: what to run.
        out: its folder, made if absent.
        workers: processes at once, of one thread each.
        known: runs of results files (`known_runs`), which are taken over from there.
        tell: told of every step.

    Raises:
        UsageError: if the folder holds another study, or a store that was
            imported with other settings.
        ConfigError: if a protocol asks about classes that a corpus has not got, or
            `together` finds nothing in the id of a dialogue.
        EmospotError: if a corpus is not found or cannot be imported; the
            message names it.
    """
    _open(study, out)
    stores = _stores(study, out, tell)
    _check_answers(study, stores)
    for store in stores.values():
        dependent(store.labels(), study.together)
    runner = _Runner(study, out, stores, workers, tell)
    choosing = _opponent_jobs(study, stores)
    runner.take_over(choosing, known or {})
    runner.run("choosing opponents", choosing)
    opponents = _choose_opponents(study, runner.done.values())
    if opponents:
        write_json(out / "opponents.json", opponents)
    jobs = _test_jobs(study, stores)
    runner.take_over(jobs, known or {})
    runner.run("training and testing", [j for j in jobs if trains_itself(study, j)])
    for name in study.protocols:
        # One protocol after the other: two must not train the same model anew at once.
        asked = [j for j in jobs if j.protocol == name and not trains_itself(study, j)]
        runner.run(f"asking about {name}", [j for j in asked if not runner.has_failed(j)])
    paths = {name: store.path for name, store in stores.items()}
    return Outcome(tuple(runner.done.values()), opponents, paths, runner.failed)


def _open(study: Study, out: Path) -> None:
    make_folder(out)
    path = out / "study.json"
    values = study.model_dump(mode="json")
    if path.is_file() and _title(path) not in (study.title, None):
        raise UsageError(f"{out} holds another study: choose another --out")
    write_json(path, values)


def _title(path: Path) -> str | None:
    """The title of the study that a folder holds, None where the file is damaged."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return str(values.get("title")) if isinstance(values, dict) else None


def _stores(study: Study, out: Path, tell: Callable[[Progress], None]) -> dict[str, FeatureStore]:
    return {
        name: _store(name, entry, out / "stores" / name, tell)
        for name, entry in study.corpora.items()
    }


def _store(
    name: str, entry: CorpusEntry, folder: Path, tell: Callable[[Progress], None]
) -> FeatureStore:
    stage = f"importing {name}"
    return open_store(
        name,
        entry,
        folder,
        lambda done, total: tell(Progress(stage, done, total)),
        lambda text: tell(Progress(stage, 1, 1, notice=text)),
    )


def _check_answers(study: Study, stores: Mapping[str, FeatureStore]) -> None:
    for name, protocol in study.protocols.items():
        for corpus, store in stores.items():
            labels = store.label_set.labels
            strangers = [label for label in protocol.answers if label not in labels]
            if strangers:
                raise ConfigError(
                    f"protocol {name} asks about {', '.join(strangers)}, but the classes of "
                    f"{corpus} are {', '.join(labels) or 'none'}: name those in answers"
                )


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
    """For each "corpus / features" the candidate with the best mean over folds and seeds.

    Where the study names the opponent, that one.
    """
    if study.opponent is not None:
        read = study.models[study.opponent].features or tuple(study.features)
        places = (f"{corpus} / {features}" for corpus in study.corpora for features in read)
        return dict.fromkeys(places, study.opponent)
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        if result.job.protocol == OPPONENT:
            place = f"{result.job.corpus} / {result.job.features}"
            scores[place][result.job.model].append(result.scores[study.metric])

    def quality(figures: Sequence[float]) -> float:
        return better(study.metric, sum(figures) / len(figures))

    return {
        place: max(models, key=lambda name: quality(models[name]))
        for place, models in scores.items()
    }


class _Runner:
    """Runs jobs in worker processes and appends what they give."""

    def __init__(
        self,
        study: Study,
        out: Path,
        stores: Mapping[str, FeatureStore],
        workers: int,
        tell: Callable[[Progress], None],
    ) -> None:
        self.study, self.out, self.tell, self.workers = study, out, tell, workers
        self.opened = stores
        self.stores = {name: str(store.path) for name, store in stores.items()}
        self.done: dict[str, Result] = {}
        self.failed: dict[str, str] = {}
        self.earlier = _earlier(out / LINES)

    def run(self, stage: str, jobs: Sequence[Job]) -> None:
        """Run those of the jobs that are not done."""
        waiting = [job for job in jobs if not self._is_done(job)]
        done = len(jobs) - len(waiting)
        if jobs:
            self.tell(Progress(stage, done, len(jobs)))
        for job, result, error in self._results(waiting):
            done += 1
            if result is not None:
                self.done[job.id] = result
                self._append(result)
            else:
                self.failed[job.id] = error
            self.tell(Progress(stage, done, len(jobs), job, error))

    def _key(self, job: Job) -> str:
        return study_hash(self.study, job, self.opened[job.corpus].content_hash)

    def _trained(self, job: Job) -> str:
        return training_hash(self.study, job, self.opened[job.corpus].content_hash)

    def _is_done(self, job: Job) -> bool:
        """Whether an earlier call has run a job; its result then counts."""
        if job.id in self.done:
            return True
        result = self.earlier.get(self._key(job))
        # The answers may be damaged, or of another call with other settings.
        if result is None or answers_hash(answers_file(self.out, job)) != result.answers:
            return False
        self.done[job.id] = replace(result, job=job)
        return True

    def take_over(self, jobs: Sequence[Job], known: Mapping[str, KnownRun]) -> None:
        """Take what results files hold of the jobs that are not done.

        Two trainings must not stand for one model. So a model that is trained here is asked
        here all that it is asked; one that must be asked here what no file answers is also
        trained here, even where an earlier call took its training from a file.
        """
        waiting = [job for job in jobs if not self._is_done(job)]
        found = {
            job.id: taken
            for job in waiting
            if (run := known.get(self._trained(job))) is not None
            and (taken := taken_over(self.study, job, self.opened[job.corpus], run)) is not None
        }
        here = {training_job(self.study, job).id for job in waiting if job.id not in found}
        here |= {name for name, result in self.done.items() if not result.known_from}
        for job in jobs:
            result = self.done.get(job.id)
            if result is not None and result.known_from and job.id in here:
                del self.done[job.id], self.earlier[result.hash]
        taken_jobs = [job for job in waiting if training_job(self.study, job).id not in here]
        for job in taken_jobs:
            result, answers = found[job.id]
            write_answers(answers, answers_file(self.out, job))
            self._append(result)
            self.earlier[result.hash] = result
        if known and jobs:
            told = f"{len(taken_jobs)} of {len(jobs)} runs are taken over from known results"
            if not taken_jobs and waiting:
                told += ": all others have other data, configurations, folds or seeds"
            self.tell(Progress(KNOWN, len(taken_jobs), len(jobs), notice=told))

    def has_failed(self, job: Job) -> bool:
        """Whether the training of a job's model failed; the job has then failed too."""
        reason = self.failed.get(training_job(self.study, job).id)
        if reason is not None:
            self.failed[job.id] = reason
        return reason is not None

    def _append(self, result: Result) -> None:
        with (self.out / LINES).open("a+b") as file:
            file.seek(0, os.SEEK_END)
            if file.tell():
                file.seek(-1, os.SEEK_END)
                # After the half line that a kill left, a new line begins.
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(json.dumps(result.to_dict()).encode() + b"\n")

    def _results(self, jobs: Sequence[Job]) -> Iterable[tuple[Job, Result | None, str]]:
        if not jobs:
            return
        values = self.study.model_dump(mode="json")
        # Spawned, not forked: a fork of a process with threads can hang.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            min(self.workers, len(jobs)), mp_context=context, initializer=end_with_parent
        ) as pool:
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
    """Hash → result of the jobs that an earlier call finished.

    Lines that cannot be read are passed over, so that their jobs run again: the
    half line that a kill left, damaged ones and those of another version.
    """
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            result = Result.from_dict(json.loads(line))
        except (ValueError, TypeError, KeyError):
            continue
        found[result.hash] = result
    return found
