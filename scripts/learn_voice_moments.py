"""What hotspots of the voice are worth to the model, and what it finds by itself.

    python scripts/learn_voice_moments.py --data FOLDER --out OUT [--seeds 5] [--variants NAME …]

reads the clips of RAVDESS speech in FOLDER/ravdess/speech16k and cuts conversations of one
actor from them: four neutral clips and up to two emotional ones, every clip a turn with its
own label. Actors 1 to 12 train, 13 to 24 test. A variant is a model that reads the voice
alone, in tokens of 0.1 s:

    learned     hotspot-gated fusion of moments that the model finds by itself
    phrases     hotspot-gated fusion of what the detector finds
    off         no hotspots: the tokens alone

Each line of OUT/results.jsonl is one seed of one variant: weighted F1 on the turns of the
test actors, and for `learned` also how its hotspots are scored on `ravdess-splices`, where
whole recordings are one utterance and no border is told. About 5 minutes a line.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from emospot.analysis.learned_detector import learned_panels
from emospot.config import parse_config
from emospot.conversation import VOICE, Conversation, Utterance
from emospot.corpora.ravdess_splices import Splice, splices
from emospot.corpora.truths import TRUTHS
from emospot.emotions import RAVDESS8
from emospot.evaluation.answers import predictions_of
from emospot.evaluation.run import labelled_examples
from emospot.evaluation.task_scores import task_scores
from emospot.experiments.detector_study import run_detectors
from emospot.features.store import FeatureStore, StoredConversation
from emospot.features.store_writer import StoreWriter
from emospot.features.voice_basic import BasicVoice
from emospot.hotspots.registry import panel
from emospot.media.audio import SAMPLE_RATE
from emospot.model.pretrained import load_model
from emospot.training.fit import train

HOP = 0.1
EACH = 60
SEED = 7
TRAIN_ACTORS, TEST_ACTORS = range(1, 13), range(13, 25)
EPOCHS = 15
VARIANTS = {
    "learned": {"learned_hotspots": ["voice"], "hotspot_share": 0.5},
    "phrases": {},
    "off": {"fusion": "global"},
}


def main() -> None:
    """Cut, train, score; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with ravdess/speech16k")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    arguments = parser.parse_args()
    store = _store(arguments.data, arguments.out / "store")
    results = arguments.out / "results.jsonl"
    lines = results.read_text().splitlines() if results.is_file() else []
    done = {(line["variant"], line["seed"]) for line in map(json.loads, lines)}
    for seed in range(arguments.seeds):
        for variant in arguments.variants:
            if (variant, seed) in done:
                continue
            line = _run(store, arguments.data, arguments.out, variant, seed)
            with results.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(line, flush=True)


def _run(store: FeatureStore, data: Path, out: Path, variant: str, seed: int) -> dict[str, object]:
    config = parse_config(
        {
            "model": {"modalities": [VOICE], "kernel_reader": False, **VARIANTS[variant]},
            "training": {"choose": "last", "dev": "none", "epochs": EPOCHS, "batch_size": 16},
        }
    )
    folder = out / variant
    (result,) = train(store, folder / f"run-{seed}", config, seeds=[seed], resume=True)
    model = load_model(folder / f"run-{seed}" / f"seed-{seed}" / "model")
    answers = predictions_of(model, labelled_examples(store, "test"), where=variant)
    scores = task_scores(answers.task, answers.true, answers.predicted[0]).metrics()
    line = {
        "variant": variant,
        "seed": seed,
        "seconds": round(result.seconds),
        "weighted_f1": scores["weighted_f1"],
        "uar": scores["uar"],
    }
    if variant == "learned":
        wanted = [truth for truth in TRUTHS if truth.modality == VOICE]
        found = run_detectors(data, learned_panels(model, variant), wanted)
        own = [run for run in found["runs"] if run["model"].startswith("learned")]
        line["detector"] = {run["corpus"]: run["scores"] for run in own}
    return line


def _store(data: Path, path: Path) -> FeatureStore:
    if not path.is_dir():
        voice, phrases = BasicVoice(hop=HOP), panel("phrases")
        short = BasicVoice()
        with StoreWriter(
            path,
            corpus="ravdess-splices",
            label_set=RAVDESS8,
            features={VOICE: voice.describe()},
            value_type="float32",
            detectors={VOICE: phrases.name},
        ) as writer:
            for split, actors in (("train", TRAIN_ACTORS), ("test", TEST_ACTORS)):
                folder = data / "ravdess" / "speech16k"
                for splice in splices(folder, actors, each=EACH, seed=SEED):
                    conversation = _conversation(splice, split)
                    heard = [_sound(splice, utterance) for utterance in conversation.utterances]
                    frames = [short.extract(*own) for own in heard]
                    spots = phrases.detect(conversation, {"basic": frames})
                    tokens = tuple(voice.extract(*own) for own in heard)
                    writer.add(
                        StoredConversation(
                            conversation, {VOICE: tokens}, tuple(tuple(own) for own in spots)
                        )
                    )
    return FeatureStore.open(path)


def _conversation(splice: Splice, split: str) -> Conversation:
    clips = [(c.start, c.end, c.emotion) for c in splice.emotional]
    clips += [(start, end, 1) for start, end in splice.neutral]
    speaker = f"actor {splice.actor:02}"
    return Conversation(
        f"{speaker}, {splice.number}",
        tuple(
            Utterance(str(n), speaker, start, end, label=RAVDESS8.labels[emotion - 1])
            for n, (start, end, emotion) in enumerate(sorted(clips), 1)
        ),
        split=split,
    )


def _sound(splice: Splice, utterance: Utterance) -> tuple[np.ndarray, float]:
    start, end = float(utterance.start or 0), float(utterance.end or 0)
    return splice.audio[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)], start


if __name__ == "__main__":
    main()
