"""Learn what makes a phrase stand out: the weights of `emospot.hotspots.voice_phrases`.

    python scripts/fit_voice_phrases.py --data FOLDER

reads the clips of RAVDESS speech in FOLDER/ravdess/speech16k, cuts recordings of actors
1 to 12 with another seed than the evaluation's, and writes the weights into the package.
The threshold is that of the best F1 in cross-validation over actors. About two minutes.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emospot import hotspots
from emospot.conversation import Conversation, Utterance
from emospot.corpora.ravdess_splices import Splice, splices
from emospot.evaluation.spotting import LEAST_IOU, Span, iou
from emospot.features.voice_basic import BasicVoice
from emospot.hotspots.voice_phrases import Phrase, compared, phrases_by_speaker
from emospot.training.linear_solutions import logistic_solution

ACTORS = range(1, 13)
EACH = 48
SEED = 7
STRENGTH = 0.01
LICENCE = (
    "learned from RAVDESS (Livingstone and Russo 2018, CC BY-NC-SA 4.0): not for commercial use"
)


def main() -> None:
    """Learn and write; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with ravdess/speech16k")
    arguments = parser.parse_args()
    folder = arguments.data / "ravdess" / "speech16k"
    made = [(s, _phrases(s)) for s in splices(folder, ACTORS, each=EACH, seed=SEED)]
    apart = [_numbers(phrases) - np.median(_numbers(phrases), axis=0) for _, phrases in made]
    scale = 1.4826 * np.median(np.abs(np.concatenate(apart)), axis=0) + 1e-6
    x = np.concatenate([compared(_numbers(phrases) / scale) for _, phrases in made])
    y = np.array([int(_right(s, phrase)) for s, phrases in made for phrase in phrases])
    actor = np.array([s.actor for s, phrases in made for _ in phrases])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=1000))
    score = cross_val_predict(model, x, y, groups=actor, cv=GroupKFold(4), method="predict_proba")[
        :, 1
    ]
    marked = sum(len(s.emotional) for s, _ in made)
    thresholds = np.arange(0.1, 0.9, 0.01)
    f1 = [2 * y[score >= t].sum() / ((score >= t).sum() + marked) for t in thresholds]
    best = int(np.argmax(f1))
    weights, biases = logistic_solution(x, y, 2, STRENGTH, balanced=False)
    path = Path(hotspots.__file__).parent / "voice_phrases.json"
    content = {
        "licence": LICENCE,
        "threshold": round(float(thresholds[best]), 2),
        "bias": float(biases[1] - biases[0]),
        "scale": scale.tolist(),
        "weight": (weights[1] - weights[0]).tolist(),
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"{len(y)} phrases, {y.sum()} of {marked} marked ones; F1 {f1[best]:.3f} over actors")


def _phrases(splice: Splice) -> list[Phrase]:
    tokens = BasicVoice().extract(splice.audio, 0.0)
    conversation = Conversation("splice", (Utterance("1", "actor"),))
    return phrases_by_speaker(conversation, [tokens])["actor"]


def _numbers(phrases: list[Phrase]) -> NDArray[np.float64]:
    return np.stack([phrase.numbers for phrase in phrases])


def _right(splice: Splice, phrase: Phrase) -> bool:
    own = Span(phrase.start, phrase.end)
    return any(iou(own, Span(c.start, c.end)) >= LEAST_IOU for c in splice.emotional)


if __name__ == "__main__":
    main()
