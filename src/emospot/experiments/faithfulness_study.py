"""Whether a model's hotspots carry its decisions, as a page of results.

The results have the form of the detectors' (`detector_study`): `model` is a ranking of
the tokens, `corpus` the model and the data that it is asked about.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from emospot.batch import Example
from emospot.errors import UsageError
from emospot.evaluation.faithfulness import (
    AT_RANDOM,
    LEAST_TOKENS,
    RATES,
    Faithfulness,
    faithfulness,
)
from emospot.evaluation.ratios import grouped, ratio, ratio_difference
from emospot.evaluation.significance import holm
from emospot.experiments.detector_study import FORMAT_VERSION, KIND
from emospot.experiments.provenance import provenance
from emospot.model.pretrained import PretrainedModel

TITLE = "Do the hotspots carry the decision?"
METRICS = ("comprehensiveness", "sufficiency")
_HOW_TO_READ = (
    "Per cent of probability that the predicted class loses, with 95 % intervals by bootstrap "
    f"over dialogues, mean over {', '.join(f'{100 * rate:g}' for rate in RATES)} % of the tokens "
    "(AOPC): *comprehensiveness* when the best-ranked tokens are taken away (more: they were "
    "needed), *sufficiency* when they alone are left (less: they are enough). Δ is the "
    "difference in comprehensiveness to the same hotspots elsewhere in the utterance, p by "
    "swapping dialogues (10,000 draws), Holm-corrected."
)


def run_faithfulness(
    model: PretrainedModel,
    examples: Sequence[Example],
    modality: str,
    data: str,
    *,
    utterances: int,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Ask a model again without some of its tokens.

    Args:
        model: that decides.
        examples: conversations that it was not trained on.
        modality: whose tokens are taken away.
        data: what the examples are called.
        utterances: how many are asked about.
        tell: told the utterances done and all.

    Returns:
        The content of a results file.

    Raises:
        ModelError: as `evaluation.faithfulness.faithfulness`.
        UsageError: if no utterance has enough tokens.
    """
    found = faithfulness(model, examples, modality, utterances=utterances, tell=tell)
    if not found:
        raise UsageError(
            f"no utterance of {data} has {LEAST_TOKENS} tokens of {modality} or more: there is "
            "nothing to take away"
        )
    name = f"{model.card.name} on {data}"
    rankings = list(dict.fromkeys(one.ranking for one in found))
    count = len(found) // len(rankings)
    same = {"features": modality, "corpus": name}
    summary, comparisons, runs = [], [], []
    for ranking in rankings:
        scores = {}
        for metric in METRICS:
            figure = ratio(_sums(found, ranking, metric))
            scores[metric] = figure.value
            ends = [figure.low, figure.high]
            one = {"metric": metric, "mean": figure.value, "sd": 0.0, "n": 1, "ci": ends}
            summary.append({"model": ranking, **same, **one})
        runs.append({"model": ranking, **same, "seed": 0, "scores": scores})
        if ranking != AT_RANDOM:
            against = ratio_difference(
                *(_sums(found, one, METRICS[0]) for one in (ranking, AT_RANDOM))
            )
            comparisons.append(
                {
                    "model": ranking,
                    "reference": AT_RANDOM,
                    **same,
                    "metric": METRICS[0],
                    "difference": against.difference.value,
                    "ci": [against.difference.low, against.difference.high],
                    "p": against.p,
                    "primary": False,
                }
            )
    corrected = holm({str(one["model"]): float(one["p"]) for one in comparisons})  # type: ignore[arg-type]
    return {
        "format_version": FORMAT_VERSION,
        "kind": KIND,
        "title": TITLE,
        "command": f"emospot hotspots faithfulness {model.card.name} STORE --out OUT "
        f"--modality {modality} --utterances {utterances}",
        "how_to_read": _HOW_TO_READ,
        "truths": {name: f"tokens of {modality} taken away from {count} utterances"},
        "provenance": provenance(),
        "runs": runs,
        "summary": summary,
        "comparisons": [{**one, "p": corrected[str(one["model"])]} for one in comparisons],
    }


def _sums(found: Sequence[Faithfulness], ranking: str, metric: str) -> np.ndarray[Any, Any]:
    own = [one for one in found if one.ranking == ranking]
    sums = np.array([(getattr(one, metric), 1.0) for one in own])
    return grouped(sums, [one.conversation for one in own])
