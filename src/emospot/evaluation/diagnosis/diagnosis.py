"""The diagnosis of a trained model: all that was measured on one split, and what it means."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import emospot
from emospot.emotions import TaskKind
from emospot.evaluation.diagnosis.aligners import AlignerUse
from emospot.evaluation.diagnosis.contributions import Contribution
from emospot.evaluation.diagnosis.error_groups import Confusion, ErrorGroup
from emospot.evaluation.diagnosis.findings import Finding, Severity
from emospot.evaluation.diagnosis.gates import GateUse
from emospot.evaluation.diagnosis.reliability import Reliability
from emospot.evaluation.significance import Interval
from emospot.files import write_file

FORMAT_VERSION = 1
SEVERITIES: tuple[Severity, ...] = ("problem", "note", "fine")
"""From the worst down."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was measured in one model on one split, and what that means.

    Args:
        model: its name.
        kind: "emospot", or which baseline.
        task: its main task.
        task_kind: "single", "several" or "number".
        labels: the task's outputs.
        metric: that drops are measured in: "weighted_f1", or "mae" of a number.
        margin: drop that is of no use, in its unit.
        conversations: of the split.
        utterances: whose answer is known.
        score: the metric as the model is, with its interval.
        contributions: of the graph and of each modality.
        gates: of each modality with several tokens an utterance.
        untested_gates: modality of one token an utterance → utterances.
        aligners: of each pair and axis.
        calibration: None where the task is not of a single label.
        confusion: true class (row) by answer (column), counts; () as above.
        confusions: the same as a list of pairs, the most frequent first.
        groups: errors by groups of utterances.
        left_out: what was not looked at → why.
        findings: problems first.
        draws: shuffles of a part.
        random_seed: of shuffles and draws.
        split: of the store.
        store_hash: content hash of the store.
        seed: of the training.
        seeds: all of the run.
    """

    model: str
    kind: str
    task: str
    task_kind: TaskKind
    labels: tuple[str, ...]
    metric: str
    margin: float
    conversations: int
    utterances: int
    score: Interval
    contributions: tuple[Contribution, ...]
    gates: tuple[GateUse, ...]
    untested_gates: Mapping[str, int]
    aligners: tuple[AlignerUse, ...]
    calibration: Reliability | None
    confusion: tuple[tuple[int, ...], ...]
    confusions: tuple[Confusion, ...]
    groups: tuple[ErrorGroup, ...]
    left_out: Mapping[str, str]
    findings: tuple[Finding, ...]
    draws: int
    random_seed: int
    split: str = ""
    store_hash: str = ""
    seed: int = 0
    seeds: tuple[int, ...] = (0,)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(f for f in self.findings if f.severity == severity)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dictionaries and numbers."""
        return {
            "format_version": FORMAT_VERSION,
            "emospot_version": emospot.__version__,
            **asdict(self),
        }


def write_diagnosis(diagnosis: Diagnosis, path: Path) -> None:
    """Write `diagnosis.json`.

    Raises:
        EmospotError: if it cannot be written; an older file is left as it was.
    """
    text = json.dumps(diagnosis.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    write_file(path, f"{text}\n".encode(), "the diagnosis")
