"""Rebuild a bundled model from the IEMOCAP table: import, train, evaluate, pack.

    make bundled-model        # or: python scripts/build_bundled_model.py --data DATA
    make bundled-causal-model # or: the same with --causal

Trains five seeds with the default model on all training dialogues, evaluates them
on the official test split, and packs the first one, in half precision, with a card
that says what was measured. How sure it may be (temperature, threshold of "unsure")
is measured on a further training from which a tenth of the dialogues was held
out. An interrupted build goes on when it is called again. The test split decides
nothing.
"""

import argparse
import json
from pathlib import Path

from emospot.analysis.models import BUNDLED, BUNDLED_CAUSAL, models_folder
from emospot.config import Config, load_config
from emospot.corpora.instruments import corpus_instruments
from emospot.corpora.table import FeatureColumn, TableOptions, import_table
from emospot.evaluation.run import (
    RunEvaluation,
    SeedEvaluation,
    evaluate_model,
    evaluate_run,
    labelled_examples,
)
from emospot.features.store import FeatureStore
from emospot.features.voice_ge2e import Ge2eVoice
from emospot.features.words import TransformerWords
from emospot.model.pretrained import ModelCard, load_model, renamed, save_model
from emospot.training.fit import train
from emospot.training.results import EpochReport, SeedResult

OPTIONS = TableOptions(
    name="iemocap",
    columns={"emotion": "label6"},
    label_set="iemocap6",
    features={"voice": FeatureColumn("audio_ge2e", "ge2e")},
    targets=("valence", "activation", "dominance"),
)
ON_ALL = ("training.choose=last", "training.dev=none")
PACKED = 0
"""Nothing is held out that could tell which seed is better."""
LICENCE = (
    "research use only: trained on IEMOCAP, whose release is for research; "
    "a company must train its own model on data that it may use"
)
LIMITS = (
    "Trained on ten actors in staged English dialogues of two; other speakers, languages, "
    "rooms and real emotions were never seen.",
    "It reads the voice as one vector an utterance and does not read the face.",
    "It says how an utterance sounds and reads, not what a person feels; never use it to "
    "decide about people (work, school, health, police, credit).",
)


def main() -> None:
    """Build the model; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with iemocap/")
    parser.add_argument("--work", type=Path, default=Path("build/bundled-model"))
    parser.add_argument("--causal", action="store_true", help="reads nothing that comes later")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    arguments = parser.parse_args()
    store = _store(arguments.data / "iemocap" / "iemocap.parquet", arguments.work / "store")
    name = BUNDLED_CAUSAL if arguments.causal else BUNDLED
    settings = [*(["model.causal=true"] if arguments.causal else []), *arguments.settings]
    held_out = load_config(None, ["training.choose=last", *settings])
    work = arguments.work / name
    (calibration,) = train(store, work / "calibration", held_out, resume=True, on_epoch=_report)
    sure = load_model(work / "calibration" / "seed-0" / "model").card
    config = load_config(None, [*ON_ALL, *settings])
    run = work / "run"
    train(store, run, config, seeds=range(arguments.seeds), resume=True, on_epoch=_report)
    _calibrate(run, sure, arguments.seeds)
    evaluations = {
        "words and voice": evaluate_run(run, store),
        "words alone": evaluate_run(run, store, without=("voice",)),
        "voice alone": evaluate_run(run, store, without=("words",)),
    }
    _pack(name, store, run, calibration, evaluations, config)


def _calibrate(run: Path, sure: ModelCard, seeds: int) -> None:
    """Give every model of a run what was measured where dialogues were held out."""
    for seed in range(seeds):
        folder = run / f"seed-{seed}" / "model"
        model = renamed(
            load_model(folder),
            temperature=sure.temperature,
            unsure_below=sure.unsure_below,
            partial=sure.partial,
        )
        save_model(model, folder)


def _store(table: Path, folder: Path) -> FeatureStore:
    if (folder / "manifest.json").is_file():
        return FeatureStore.open(folder)
    print(f"importing {table}")
    import_table(table, folder, OPTIONS, corpus_instruments(OPTIONS.features))
    return FeatureStore.open(folder)


def _report(epoch: EpochReport) -> None:
    metric, dev = epoch.dev
    print(
        f"seed {epoch.seed} epoch {epoch.epoch + 1}/{epoch.epochs} loss {epoch.loss:.3f}"
        + ("" if dev is None else f" dev {metric} {dev:.4f}"),
        flush=True,
    )


def _pack(
    name: str,
    store: FeatureStore,
    run: Path,
    calibration: SeedResult,
    evaluations: dict[str, RunEvaluation],
    config: Config,
) -> None:
    folder = models_folder() / name
    full = evaluations["words and voice"]
    model = renamed(
        load_model(run / f"seed-{PACKED}" / "model"),
        name=name,
        language="en",
        licence=LICENCE,
        limits=LIMITS,
        features={"words": TransformerWords().describe(), "voice": Ge2eVoice().describe()},
        scores={
            "dev_weighted_f1_of_calibration": calibration.dev_weighted_f1,
            "test_weighted_f1_mean_of_seeds": full.mean["weighted_f1"],
            "test_weighted_f1_sd_of_seeds": full.sd["weighted_f1"],
        },
    )
    save_model(model, folder, half=True)
    packed = evaluate_model(load_model(folder), labelled_examples(store, "test"), PACKED, "test")
    unpacked = next(s for s in full.seeds if s.seed == PACKED)
    packed_seeds = {
        "words and voice": packed,
        **{
            f"{kept} alone": evaluate_model(
                load_model(folder), labelled_examples(store, "test", (left,)), PACKED, "test"
            )
            for kept, left in (("words", "voice"), ("voice", "words"))
        },
    }
    card = _card(calibration, evaluations, packed_seeds, model.card, config)
    (folder / "CARD.md").write_text(card, encoding="utf-8")
    print(
        f"packed seed {PACKED} into {folder}: test w-F1 {packed.scores.weighted_f1:.4f} in "
        f"half precision, {unpacked.scores.weighted_f1:.4f} before"
    )


def _card(
    calibration: SeedResult,
    evaluations: dict[str, RunEvaluation],
    packed_seeds: dict[str, SeedEvaluation],
    sure: ModelCard,
    config: Config,
) -> str:
    full = evaluations["words and voice"]
    seed = next(s for s in full.seeds if s.seed == PACKED)
    packed = packed_seeds["words and voice"].scores.weighted_f1
    rows = "\n".join(
        f"| {name} | {_shown(e, 'weighted_f1')} | {_shown(e, 'macro_f1')} "
        f"| {_shown(e, 'accuracy')} | {_shown(e, 'uar')} |"
        for name, e in evaluations.items()
    )
    classes = "\n".join(f"| {label} | {_shown(full, f'f1:{label}')} |" for label in full.labels)
    confusion = "\n".join(
        f"| {label} | " + " | ".join(str(n) for n in row) + " |"
        for label, row in zip(full.labels, seed.scores.confusion, strict=True)
    )
    reads, target = "in both directions", "bundled-model"
    if config.model.causal:
        reads, target = (
            "up to the utterance that is answered, never after it",
            "bundled-causal-model",
        )
    return f"""# The bundled model that reads {reads}

Six emotions ({", ".join(full.labels)}) from words and voice.

**{LICENCE[0].upper()}{LICENCE[1:]}.**

## What it reads

- words: the tokens of MiniLM (`minilm-l6`, 384 numbers a token), with hotspots of the emotion
  lexicon;
- voice: one GE2E vector an utterance (`ge2e`, 256 numbers). With one vector an utterance,
  hotspot-gated fusion has nothing to choose from in the voice; voice hotspots are shown as
  "measured, not used";
- face: not read.

## Data and protocol

IEMOCAP, 7,433 utterances with one of the six labels: sessions 1-4 to learn from (5,810),
session 5 to test (1,623). {len(full.seeds)} seeds, each trained on all of sessions 1-4 for
{config.training.epochs} epochs, of which the last was taken. Temperature and the threshold of
"unsure" come from a further training without a tenth of the dialogues, spread over sessions and
over scripted and improvised ones (w-F1 there
{100 * calibration.dev_weighted_f1:.1f}). The test session chose nothing.

## Figures on the test session, per cent, mean ± sd over seeds

| reads | w-F1 | macro F1 | accuracy | UAR |
|---|---|---|---|---|
{rows}

| class | F1 |
|---|---|
{classes}

The model in the package is seed {PACKED}, in half precision: test w-F1 {100 * packed:.1f}.

## How sure it may be

Logits are divided by a temperature, and below a threshold the answer is "unsure". Both depend on
what was read. On the test session, the model in the package:

{sureness(sure, packed_seeds)}

The corpus's table has words for the utterances with a label alone. The answers are read along the
dialogue over the utterances with words, here so over those; in a transcript with words throughout,
over all.

Its confusions (true class by row):

| | {" | ".join(full.labels)} |
|---|{"---|" * len(full.labels)}
{confusion}

## Limits

{chr(10).join(f"- {limit}" for limit in LIMITS)}

## How to build it again

`make {target}`, with the IEMOCAP table at hand. Configuration:

```json
{json.dumps(config.model_dump(mode="json"), indent=1)}
```
"""


def sureness(sure: ModelCard, seeds: dict[str, SeedEvaluation]) -> str:
    """A table of temperatures and thresholds, and what came of them on the test session.

    Args:
        sure: holds them.
        seeds: what was read → how the model in the package answers then.
    """
    lines = [
        "| reads | temperature | unsure below | answered | of those right | calibration error |",
        "|---|---|---|---|---|---|",
    ]
    for name, seed in seeds.items():
        own = sure.partial.get(name.removesuffix(" alone"), sure.confidence)
        lines.append(
            f"| {name} | {own.temperature:.2f} | {own.unsure_below:.2f} | "
            f"{100 * seed.answered:.0f} % | {100 * seed.accuracy_answered:.1f} % | "
            f"{100 * seed.calibration_error:.1f} points |"
        )
    return "\n".join(lines)


def _shown(evaluation: RunEvaluation, metric: str) -> str:
    return f"{100 * evaluation.mean[metric]:.1f} ± {100 * evaluation.sd[metric]:.1f}"


if __name__ == "__main__":
    main()
