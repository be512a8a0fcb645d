"""Learn which words show emotion: the weights of the detectors saliency and spans.

    python scripts/fit_words_hotspots.py --data FOLDER

reads RECCON's dialogues of daily conversation in FOLDER/reccon. The probe learns from
the labels of all training turns, emotional or neutral; the spans from the words that
annotators marked as the cause of an emotion within the utterance that has it
(`emospot.corpora.truths`). The strength of the penalty is that with the best average
precision on the dev dialogues, the threshold that with the best F1 over their tokens.
About five minutes.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score

from emospot import hotspots
from emospot.corpora.reccon import read_causes, read_reccon
from emospot.corpora.truths import marked_within
from emospot.features.registry import words_extractor
from emospot.hotspots.tokens import token_scores
from emospot.hotspots.words_spans import surroundings

STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0)
THRESHOLDS = np.arange(0.2, 0.81, 0.02)
LICENCE = (
    "learned from RECCON (Poria et al. 2021, no licence given) over texts of DailyDialog "
    "(CC BY-NC-SA 4.0): not for commercial use"
)


def main() -> None:
    """Learn and write; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with reccon/")
    folder = parser.parse_args().data / "reccon"
    corpus, causes = read_reccon(folder), read_causes(folder)
    extractor = words_extractor()
    kept = {
        one.conversation.id: extractor.extract(one.conversation.utterances)
        for one in corpus.conversations
        if one.conversation.split != "test"
    }
    neutral = corpus.label_set.labels[0]
    turns = {
        split: [
            (tokens.values.mean(axis=0), utterance.label != neutral)
            for one in corpus.conversations
            if one.conversation.split == split
            for utterance, tokens in zip(
                one.conversation.utterances, kept[one.conversation.id], strict=True
            )
            if tokens is not None and utterance.label
        ]
        for split in ("train", "dev")
    }
    _fit_probe(*(_columns(turns[split]) for split in ("train", "dev")))
    words = {
        split: [
            (surroundings(tokens), token_scores(tokens, spots) > 0)
            for conversation, marked in marked_within(corpus, causes, split)
            for tokens, spots in zip(kept[conversation.id], marked, strict=True)
            if tokens is not None and spots
        ]
        for split in ("train", "dev")
    }
    _fit_spans(words["train"], words["dev"])


def _columns(rows: list[tuple[NDArray, bool]]) -> tuple[NDArray, NDArray]:
    x = np.stack([row for row, _ in rows]).astype(np.float64)
    return x / np.linalg.norm(x, axis=1, keepdims=True), np.array([label for _, label in rows])


def _fit_probe(train: tuple[NDArray, NDArray], dev: tuple[NDArray, NDArray]) -> None:
    models = [LogisticRegression(C=c, max_iter=2000).fit(*train) for c in STRENGTHS]
    best = max(models, key=lambda m: average_precision_score(dev[1], m.decision_function(dev[0])))
    print(f"probe: C {best.C}, {best.score(*dev):.3f} of the dev turns are right")
    _write("words_probe.json", best, {})


def _fit_spans(train: list[tuple[NDArray, NDArray]], dev: list[tuple[NDArray, NDArray]]) -> None:
    x, y = np.concatenate([a for a, _ in train]), np.concatenate([b for _, b in train])
    # Each utterance counts once, however long it is.
    each = np.concatenate([np.full(len(b), 1 / len(b)) for _, b in train])
    each *= len(each) / each.sum()

    def precision(model: LogisticRegression) -> float:
        scores = [average_precision_score(b, model.decision_function(a)) for a, b in dev]
        return float(np.mean(scores))

    models = [LogisticRegression(C=c, max_iter=500).fit(x, y, each) for c in STRENGTHS]
    best = max(models, key=precision)
    score = best.predict_proba(np.concatenate([a for a, _ in dev]))[:, 1]
    right = np.concatenate([b for _, b in dev])
    f1 = [f1_score(right, score >= t) for t in THRESHOLDS]
    threshold = round(float(THRESHOLDS[int(np.argmax(f1))]), 2)
    print(f"spans: C {best.C}, dev average precision {precision(best):.3f}, F1 {max(f1):.3f}")
    _write("words_spans.json", best, {"threshold": threshold})


def _write(name: str, model: LogisticRegression, more: dict[str, float]) -> None:
    content = {
        "licence": LICENCE,
        **more,
        "bias": round(float(model.intercept_[0]), 5),
        "weight": [round(float(w), 5) for w in model.coef_[0]],
    }
    path = Path(hotspots.__file__).parent / name
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
