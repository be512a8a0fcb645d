"""Each detector × each set of known moments, in one table.

The results file has the form of every study's: `runs` (model is the detector, corpus
the set of moments), `summary` (mean with its 95 % interval by bootstrap over groups of
recordings; one run, so sd is 0), `comparisons`:

- every detector with its own hotspots at random places (`detector_scores`);
- `phrases` with phrases at random, which shows what its order of them is worth;
- detectors that score every token (those that models have learned) with the usual one of
  their modality;
- the usual detector of a modality with the plain reference `peaks`, where that is of
  its modality: the primary comparison. All others are Holm-corrected, set by set.

`real_time_factor` of a run is what the detector costs beyond its features: seconds of
computing a second of recording.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.corpora.truths import TRUTHS, MarkedRecording, Truth
from emospot.errors import UsageError
from emospot.evaluation.ratios import grouped, ratio, ratio_difference
from emospot.evaluation.significance import DRAWS, Interval, holm
from emospot.evaluation.spotting import mark_correlation
from emospot.experiments.detector_scores import (
    PLACEMENTS,
    Found,
    at_random,
    elsewhere,
    everywhere,
    mean_sums,
    other_figures,
    phrases_at_random,
    sums_of,
)
from emospot.experiments.detector_tables import AT_RANDOM, detectors_page
from emospot.experiments.provenance import provenance
from emospot.features.registry import DEFAULT_WORDS
from emospot.files import write_file, write_json
from emospot.hotspots.base import HotspotDetector, ScoresTokens
from emospot.hotspots.panel import Panel
from emospot.hotspots.registry import DEFAULTS
from emospot.hotspots.tokens import token_scores

KIND = "detectors"
FORMAT_VERSION = 1
EVERYWHERE = "the whole utterance"
PHRASES = "phrases"
CHANCE = "phrases at random"
REFERENCE = "peaks"
"""What the usual detector of its modality is held against."""
DETECTORS = (
    "lexicon", "saliency", "spans", "phrases", "prosody", REFERENCE, "expression", "units",
)  # fmt: skip
"""What is measured where nothing else is asked for."""
MAIN = {"spans": "f1", "tokens": "auc", "order": "order", "strength": "spearman"}
"""How the moments are scored → the metric of the comparisons."""
TITLE = "Detectors of hotspots against known moments"
_SEED = 0
_PLACED = 17  # tells these draws from those that make the recordings


@dataclass
class _Measured:
    """What one detector found in one set of moments."""

    name: str
    sums: Mapping[str, NDArray[np.float64]]
    random: Mapping[str, NDArray[np.float64]]
    figures: Mapping[str, Interval] = field(default_factory=dict)
    seconds: float = 0.0
    real_time_factor: float | None = None
    tokens: Mapping[str, Any] = field(default_factory=dict)


def run_detectors(
    data: Path,
    detectors: Sequence[Panel],
    truths: Sequence[Truth] = TRUTHS,
    tell: Callable[[str], None] = lambda stage: None,
) -> dict[str, Any]:
    """Measure detectors.

    Args:
        data: folder of the data (EMOSPOT_DATA).
        detectors: which.
        truths: on which; those of other modalities are passed over.
        tell: told which set is read and which detector looks.

    Returns:
        The content of a results file.

    Raises:
        UsageError: if no detector looks where moments are known, or one is asked for
            twice.
        CorpusError: if a set's files are not there.
    """
    names = Counter([*(one.name for one in detectors), *(one.name for one in truths)])
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise UsageError(f'"{twice}" is asked for twice')
    runs: list[dict[str, Any]] = []
    summary: list[dict[str, Any]] = []
    comparisons: list[dict[str, Any]] = []
    for truth in truths:
        own = detectors_for(truth, detectors)
        if not own:
            continue
        tell(truth.name)
        recordings = list(truth.read(data, _extractors(own, truth)))
        measured = [_everywhere(recordings, truth)]
        for one in own:
            tell(f"{truth.name}: {one.name}")
            found, seconds = _found(one, recordings)
            measured.append(_measured(one, found, seconds, recordings, truth))
            if one.name == PHRASES and truth.scored_by in ("spans", "order"):
                measured.append(_by_chance(found, recordings, truth))
        groups = [recording.group for recording in recordings]
        for result in measured:
            runs.append(_run(result, truth))
            summary += _summary(result, truth, groups)
        comparisons += _comparisons(measured, truth, groups)
    if not runs:
        raise UsageError(
            f"none of {', '.join(one.name for one in detectors)} looks where moments are known: "
            f"{', '.join(sorted({truth.modality for truth in truths}))}"
        )
    return {
        "format_version": FORMAT_VERSION,
        "kind": KIND,
        "title": TITLE,
        "truths": {truth.name: truth.title for truth in truths},
        "provenance": provenance(),
        "runs": runs,
        "summary": summary,
        "comparisons": comparisons,
    }


def detectors_for(truth: Truth, detectors: Sequence[Panel]) -> list[Panel]:
    """Those of the detectors that look where a truth's moments are, and can read them."""
    return [
        one
        for one in detectors
        if one.modality == truth.modality and all(_reads(d, truth) for d in one.detectors)
    ]


def _reads(detector: HotspotDetector, truth: Truth) -> bool:
    """Whether a detector reads what a truth brings, or what can be measured of it."""
    if truth.brings:
        return truth.brings in detector.reads
    brought = {one.brings for one in TRUTHS if one.brings}
    return not detector.reads or bool(set(detector.reads) - brought)


def write_detectors(results: Mapping[str, Any], out: Path) -> None:
    """Write results.json and table.md.

    Args:
        results: what `run_detectors` gave.
        out: folder, made if absent.
    """
    write_json(out / "results.json", results, indent=1)
    write_file(out / "table.md", detectors_page(results).encode())


def _extractors(detectors: Sequence[Panel], truth: Truth) -> list[str]:
    """What the detectors read, the best of each; of words first the tokens that are scored."""
    scored = [DEFAULT_WORDS] if truth.scored_by == "tokens" else []
    read = [one.reads[0] for panel in detectors for one in panel.detectors if one.reads]
    return list(dict.fromkeys((*scored, *read)))


def _everywhere(recordings: Sequence[MarkedRecording], truth: Truth) -> _Measured:
    found = [everywhere(one.conversation, truth.modality) for one in recordings]
    sums = sums_of(recordings, found, truth.scored_by)
    figures = other_figures(recordings, found) if truth.scored_by == "spans" else {}
    return _Measured(EVERYWHERE, sums, sums, figures)


def _found(detector: Panel, recordings: Sequence[MarkedRecording]) -> tuple[list[Found], float]:
    """What a detector finds in each recording, and in how many seconds."""
    started = time.perf_counter()
    found: list[Found] = [detector.detect(one.conversation, one.tokens) for one in recordings]
    return found, time.perf_counter() - started


def _measured(
    detector: Panel,
    found: Sequence[Found],
    seconds: float,
    recordings: Sequence[MarkedRecording],
    truth: Truth,
) -> _Measured:
    place = elsewhere if truth.scored_by == "strength" else at_random
    utterances = [u for one in recordings for u in one.conversation.utterances]
    heard = sum(u.end - u.start for u in utterances if u.start is not None and u.end is not None)
    return _Measured(
        detector.name,
        sums_of(recordings, found, truth.scored_by),
        _often(place, found, recordings, truth),
        other_figures(recordings, found) if truth.scored_by == "spans" else {},
        seconds,
        _share(seconds, heard),
        _of_tokens(detector, recordings) if truth.scored_by in ("spans", "order") else {},
    )


def _of_tokens(detector: Panel, recordings: Sequence[MarkedRecording]) -> dict[str, Any]:
    """How a detector that scores tokens scores marked ones; {} where nothing can be said."""
    (first, *others) = detector.detectors
    if others or not isinstance(first, ScoresTokens):
        return {}
    scores, marked, groups = [], [], []
    for one in recordings:
        scored = first.scored_tokens(one.conversation, one.tokens[first.reads[0]])
        for own, marks in zip(scored, one.marked, strict=True):
            for tokens, values in own:
                scores.append(values)
                marked.append(token_scores(tokens, marks) > 0)
                groups.append(one.group)
    if not scores:
        return {}
    everything = np.concatenate(scores)
    found = mark_correlation(scores, marked, groups=groups, draws=DRAWS)
    if np.isnan([found.value, found.low]).any():
        return {}
    return {
        "mark_correlation": found.value,
        "ci": [found.low, found.high],
        "mean": float(everything.mean()),
        "variance": float(everything.var()),
    }


def _by_chance(
    found: Sequence[Found], recordings: Sequence[MarkedRecording], truth: Truth
) -> _Measured:
    """Phrases at random, as many as were found: mean of many draws."""
    sums = _often(phrases_at_random, found, recordings, truth)
    return _Measured(CHANCE, sums, sums)


def _often(
    place: Callable[[MarkedRecording, Found, np.random.Generator], Found],
    found: Sequence[Found],
    recordings: Sequence[MarkedRecording],
    truth: Truth,
) -> dict[str, NDArray[np.float64]]:
    """Mean sums of the hotspots placed many times."""
    placements = []
    for placement in range(PLACEMENTS):
        random = np.random.default_rng((_SEED, placement, _PLACED))
        moved = [place(r, own, random) for r, own in zip(recordings, found, strict=True)]
        placements.append(sums_of(recordings, moved, truth.scored_by))
    return mean_sums(placements)


def _share(seconds: float, heard: float) -> float | None:
    """Seconds of computing a second of recording, None of bare texts."""
    return round(seconds / heard, 6) if heard else None


def _run(result: _Measured, truth: Truth) -> dict[str, Any]:
    totals = {metric: sums.sum(axis=0) for metric, sums in result.sums.items()}
    scores = {m: float(a / b) if b > 0 else 0.0 for m, (a, b) in totals.items()}
    scores |= {metric: figure.value for metric, figure in result.figures.items()}
    return {
        "model": result.name,
        "features": truth.modality,
        "corpus": truth.name,
        "seed": _SEED,
        "scores": {m: None if np.isnan(value) else value for m, value in scores.items()},
        "seconds": round(result.seconds, 3),
        "real_time_factor": result.real_time_factor,
        **({"tokens": result.tokens} if result.tokens else {}),
    }


def _summary(result: _Measured, truth: Truth, groups: Sequence[str]) -> list[dict[str, Any]]:
    figures = {
        metric: ratio(grouped(sums, groups))
        for metric, sums in result.sums.items()
        if sums[:, 1].sum() > 0
    }
    figures |= {m: figure for m, figure in result.figures.items() if not np.isnan(figure.low)}
    return [
        {
            "model": result.name,
            "features": truth.modality,
            "corpus": truth.name,
            "metric": metric,
            "mean": figure.value,
            "sd": 0.0,
            "n": 1,
            "ci": [figure.low, figure.high],
        }
        for metric, figure in figures.items()
    ]


def _comparisons(
    measured: Sequence[_Measured], truth: Truth, groups: Sequence[str]
) -> list[dict[str, Any]]:
    metric = MAIN[truth.scored_by]
    rows = []
    by_name = {result.name: result for result in measured}
    usual = by_name.get(DEFAULTS[truth.modality])
    for result in measured:
        if result.sums is not result.random:
            ours, theirs = (grouped(s[metric], groups) for s in (result.sums, result.random))
            rows.append(_comparison(result.name, AT_RANDOM, truth, ours, theirs))
    if CHANCE in by_name:
        pair = (grouped(by_name[name].sums[metric], groups) for name in (PHRASES, CHANCE))
        rows.append(_comparison(PHRASES, CHANCE, truth, *pair))
    for result in measured:
        if usual is not None and result.tokens:
            pair = (grouped(one.sums[metric], groups) for one in (result, usual))
            rows.append(_comparison(result.name, usual.name, truth, *pair))
    if usual is not None and REFERENCE in by_name:
        pair = (grouped(one.sums[metric], groups) for one in (usual, by_name[REFERENCE]))
        rows.append({**_comparison(usual.name, REFERENCE, truth, *pair), "primary": True})
    corrected = holm({_pair(r): r["p"] for r in rows if not r["primary"]})
    return [r if r["primary"] else {**r, "p": corrected[_pair(r)]} for r in rows]


def _pair(row: Mapping[str, Any]) -> str:
    return f"{row['model']} / {row['reference']}"


def _comparison(
    name: str,
    reference: str,
    truth: Truth,
    ours: NDArray[np.float64],
    theirs: NDArray[np.float64],
) -> dict[str, Any]:
    found = ratio_difference(ours, theirs)
    return {
        "model": name,
        "reference": reference,
        "features": truth.modality,
        "corpus": truth.name,
        "metric": MAIN[truth.scored_by],
        "difference": found.difference.value,
        "ci": [found.difference.low, found.difference.high],
        "p": found.p,
        "primary": False,
    }
