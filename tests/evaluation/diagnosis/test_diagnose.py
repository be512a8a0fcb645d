"""Models broken on purpose are found, a sound one is not accused."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, f1_score

from emospot.config import parse_config
from emospot.emotions import Task
from emospot.errors import StoreError, UsageError
from emospot.evaluation.diagnosis.diagnose import diagnose, diagnose_run
from emospot.evaluation.diagnosis.diagnosis import write_diagnosis
from emospot.features.store import FeatureStore
from emospot.features.store_writer import StoreWriter
from emospot.model import predict as prediction
from emospot.model.builder import build_model
from emospot.model.pretrained import PretrainedModel, save_model


def problems(diagnosis) -> set[tuple[str, str]]:
    return {(f.name, f.subject) for f in diagnosis.of("problem")}


def only(diagnosis, name, subject=""):
    (found,) = (f for f in diagnosis.findings if (f.name, f.subject) == (name, subject))
    return found


# --- a sound model ---


def test_a_sound_model_is_not_accused(healthy):
    assert problems(healthy) == set()
    for modality in ("words", "voice"):
        assert only(healthy, "gate", modality).severity == "fine"
        assert only(healthy, "contribution", modality).severity == "fine"
        assert only(healthy, "contribution", modality).certainty == "sure"
    assert only(healthy, "aligners").severity == "fine"
    graph = next(c for c in healthy.contributions if c.part == "graph")
    assert graph.by("shuffled").drop.low > 0.05
    assert healthy.left_out == {
        "utterance length": "all utterances have the same number of tokens"
    }
    assert [f.severity for f in healthy.findings] == sorted(
        (f.severity for f in healthy.findings), key=["problem", "note", "fine"].index
    )


def test_figures_are_those_of_scikit_learn(healthy, world):
    answers = prediction.predict(world.model, world.examples)
    labels = world.model.card.labels.labels
    true = [labels.index(u.label) for e in world.examples for u in e.conversation.utterances]
    said = [int(p) for a in answers for p in a.probabilities.argmax(axis=1)]
    assert healthy.score.value == pytest.approx(f1_score(true, said, average="weighted"))
    assert healthy.confusion == tuple(map(tuple, confusion_matrix(true, said).tolist()))
    assert healthy.utterances == len(true)
    assert healthy.conversations == len(world.examples) == 40
    assert healthy.labels == labels


# --- broken ones ---


@pytest.mark.parametrize(
    ("bias", "what"), [(-20.0, "is shut"), (20.0, "is wide open"), (0.3, "is the same")]
)
def test_a_collapsed_gate_is_found(broken, world, bias, what):
    def collapse(recognizer):
        recognizer.stems["voice"].fusion.gate.weight.zero_()
        recognizer.stems["voice"].fusion.gate.bias.fill_(bias)

    found = diagnose(broken(collapse), world.examples, draws=1)
    finding = only(found, "gate", "voice")
    assert (finding.severity, finding.certainty) == ("problem", "sure")
    assert what in finding.sentence
    assert ("gate", "words") not in problems(found)


def test_a_dead_aligner_is_found(broken, world):
    def starve(recognizer):
        recognizer.token_memory.pairs["voice->words"].aligners.router.bias[1] -= 20.0

    found = diagnose(broken(starve), world.examples, draws=1)
    finding = only(found, "aligners", "voice->words (tokens)")
    assert (finding.severity, finding.certainty) == ("problem", "sure")
    assert "number 2 is dead" in finding.sentence
    assert ("aligners", "words->voice (tokens)") not in problems(found)
    assert "words->voice" in only(found, "aligners").sentence


def test_an_aligner_that_takes_everything_is_found(broken, world):
    def feed(recognizer):
        recognizer.token_memory.pairs["words->voice"].aligners.router.bias[2] += 20.0

    found = diagnose(broken(feed), world.examples, draws=1)
    finding = only(found, "aligners", "words->voice (tokens)")
    assert "number 3 takes everything" in finding.sentence


@pytest.mark.parametrize("way", ["the head does not read it", "it says nothing"])
def test_an_idle_graph_is_found(broken, world, way):
    def silence(recognizer):
        head, width = recognizer.heads["emotion"], 16 * 2
        if way == "it says nothing":
            for part in (recognizer.graph.transformer.skip, recognizer.graph.transformer.to_value):
                part.weight.zero_()
                part.bias.zero_()
        else:
            # The norm before the head mixes both halves: it is left to pass the first.
            head[0] = torch.nn.Identity()
            head[2].weight[:, width:] = 0.0

    found = diagnose(broken(silence), world.examples, draws=2)
    finding = only(found, "contribution", "graph")
    assert (finding.severity, finding.certainty) == ("problem", "sure")
    assert "the graph is idle" in finding.sentence
    assert finding.evidence["shuffled"]["changed"] == 0.0
    assert "model.graph=false" in finding.advice
    assert only(found, "contribution", "words").severity == "fine"


def test_a_modality_that_is_not_read_is_found(broken, world):
    def deafen(recognizer):
        normalisation = recognizer.stems["voice"].normalisation
        normalisation.deviation.fill_(1e9)

    found = diagnose(broken(deafen), world.examples, draws=2)
    finding = only(found, "contribution", "voice")
    assert (finding.severity, finding.certainty) == ("problem", "sure")
    assert only(found, "contribution", "words").severity == "fine"


def test_a_class_that_is_never_answered_is_found(broken, world):
    def forget(recognizer):
        recognizer.heads["emotion"][-1].bias[2] -= 1e3

    found = diagnose(broken(forget), world.examples, draws=1)
    finding = only(found, "missing class")
    assert finding.evidence == {"never_answered": {"emotion 3": sum(found.confusion[2])}}
    assert finding.severity == "problem"


def test_confidence_that_is_far_too_high_is_found(world):
    hot = replace(world.model, card=replace(world.model.card, temperature=0.01))
    examples = [replace(e, tokens={"words": e.tokens["words"]}) for e in world.examples]
    finding = only(diagnose(hot, examples, draws=1), "calibration")
    assert (finding.severity, finding.certainty) == ("problem", "sure")
    assert "too high" in finding.sentence


# --- what does not matter ---


def flat(diagnosis) -> list[tuple[str, object]]:
    """Every number and text with its place."""
    found: list[tuple[str, object]] = []

    def walk(place, value):
        if isinstance(value, dict):
            for key, own in value.items():
                walk(f"{place}.{key}", own)
        elif isinstance(value, list | tuple):
            for n, own in enumerate(value):
                walk(f"{place}[{n}]", own)
        else:
            found.append((place, value))

    walk("", diagnosis.to_dict())
    return found


def test_the_same_seed_gives_the_same_and_another_one_another(world):
    examples = world.examples[:8]
    found = diagnose(world.model, examples, draws=2)
    assert diagnose(world.model, examples, draws=2) == found
    other = diagnose(world.model, examples, draws=2, random_seed=1)
    assert other.contributions != found.contributions
    assert other.score.value == found.score.value


def test_batches_change_nothing(world, monkeypatch):
    # The lengths differ, so that together they are padded.
    examples = world.examples[:10]
    together = diagnose(world.model, examples, draws=2)
    monkeypatch.setattr(prediction, "UTTERANCES_A_BATCH", 1)
    alone = diagnose(world.model, examples, draws=2)
    assert len({len(e.conversation.utterances) for e in examples}) > 1
    for (place, one), (same, other) in zip(flat(together), flat(alone), strict=True):
        assert place == same
        if isinstance(one, float):
            assert one == pytest.approx(other, abs=2e-4), place
        elif ".histogram" in place:  # a value may lie at the edge of a bin
            assert abs(one - other) <= 2
        else:
            assert one == other, place


def test_the_model_is_left_as_it_was(healthy, world):
    for module in world.model.recognizer.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_progress_is_told_to_the_end(world):
    told = []
    diagnose(world.model, world.examples[:2], draws=1, tell=lambda *own: told.append(own))
    # As it is; the graph shuffled and at its mean; two modalities, withheld as well.
    total = 1 + 2 + 2 * 3
    assert told == [(n, total) for n in range(total + 1)]


# --- parts that are not there ---


def test_a_model_without_parts_is_not_accused_of_them(make_model):
    model, examples = make_model(graph=False, fusion="global", aligners="none")
    found = diagnose(model, examples, draws=1)
    assert not {f.name for f in found.findings} & {"gate", "hotspots", "aligners"}
    assert [c.part for c in found.contributions] == ["words", "voice"]
    assert found.left_out["graph"] == "model.graph is off"
    assert found.left_out["gates"] == "model.fusion is global"
    assert found.left_out["aligners"] == "model.aligners is none"


def test_one_modality(make_model):
    model, examples = make_model(modalities=("words",))
    found = diagnose(model, examples, draws=1)
    assert [c.part for c in found.contributions] == ["graph", "words"]
    assert found.left_out["aligners"] == "one modality has none to be aligned with"


def test_a_modality_that_nobody_has(world):
    examples = [replace(e, tokens={"words": e.tokens["words"]}) for e in world.examples[:8]]
    found = diagnose(world.model, examples, draws=1)
    assert found.left_out["voice"] == "no utterance has voice"
    assert found.left_out["aligners"] == "no utterance has two modalities"
    assert not any("voice" in (f.subject, f.name) for f in found.findings)


def test_utterances_of_different_lengths_are_grouped(world, first_tokens):
    examples = [*first_tokens(world.examples[:4], "words"), *world.examples[4:8]]
    found = diagnose(world.model, examples, draws=1)
    names = [g.name for g in found.groups if g.family == "utterance length"]
    assert names == ["up to 1 tokens of words", "2 to 8 tokens of words"]
    assert found.left_out == {}


def test_one_vector_an_utterance_tests_no_gate(world, first_tokens):
    examples = first_tokens(first_tokens(world.examples[:8], "words"), "voice")
    found = diagnose(world.model, examples, draws=1)
    assert found.gates == ()
    assert set(found.untested_gates) == {"words", "voice"}
    assert {only(found, "gate", m).certainty for m in ("words", "voice")} == {"cannot tell"}
    assert "gates" not in found.left_out


@pytest.mark.parametrize(("kind", "graph"), [("contextual_gru", False), ("cogmen", True)])
def test_baselines(world, kind, graph):
    torch.manual_seed(0)
    config = parse_config({"model": {"kind": kind, "modalities": ["words", "voice"]}}).model
    network = build_model(config, {"words": 6, "voice": 6}, {"emotion": 4}).eval()
    model = PretrainedModel(network, config, world.model.card)
    found = diagnose(model, world.examples[:8], draws=1)
    assert ("graph" in {c.part for c in found.contributions}) == graph
    assert found.left_out["gates"] == f"{kind} has no hotspot-gated fusion"
    assert found.left_out["aligners"] == f"{kind} has no mixture of aligners"
    if not graph:
        assert found.left_out["graph"] == f"{kind} has no such part"
    assert not {f.name for f in found.findings} & {"gate", "hotspots", "aligners"}


# --- other tasks ---


@pytest.mark.parametrize(
    "task",
    [
        Task("mood", "number", ("mood",), center=0.2, scale=0.9),
        Task("joy+fear", "several", ("joy", "fear")),
    ],
)
def test_numbers_and_several_labels(world, task):
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    examples = []
    for example in world.examples[:8]:
        rated = tuple(
            replace(u, targets={name: float(random.normal()) for name in ("mood", "joy", "fear")})
            for u in example.conversation.utterances
        )
        talk = replace(example.conversation, utterances=rated)
        examples.append(replace(example, conversation=talk))
    network = build_model(
        world.model.config, {"words": 6, "voice": 6}, {task.name: len(task.outputs)}
    ).eval()
    card = replace(world.model.card, tasks=(task,))
    found = diagnose(PretrainedModel(network, world.model.config, card), examples, draws=1)
    assert found.metric == ("mae" if task.kind == "number" else "weighted_f1")
    assert found.margin == pytest.approx(0.005 * (0.9 if task.kind == "number" else 1))
    assert (found.calibration, found.confusion, found.confusions) == (None, (), ())
    for name in ("calibration", "confusions", "emotion shift"):
        assert found.left_out[name] == f'the task "{task.name}" is not of a single label'
    assert {c.part for c in found.contributions} == {"graph", "words", "voice"}
    assert {g.family for g in found.groups} == {"position", "dialogue length", "speaker"}


# --- runs ---


def test_a_run_by_its_seed(world, tmp_path):
    found = diagnose_run(world.run, world.store, "dev", draws=1)
    assert (found.split, found.seed, found.seeds) == ("dev", 0, (0,))
    assert found.store_hash == world.store.content_hash
    assert found.conversations == 10
    with pytest.raises(UsageError, match=r"has no seed 3; it has: 0"):
        diagnose_run(world.run, world.store, seed=3)
    alone = diagnose_run(world.run / "seed-0" / "model", world.store, "dev", seed=0, draws=1)
    assert alone.findings == found.findings
    write_diagnosis(found, tmp_path / "diagnosis.json")
    written = json.loads((tmp_path / "diagnosis.json").read_text(encoding="utf-8"))
    assert written["format_version"] == 1
    assert written["score"]["value"] == found.score.value
    assert written["findings"][0]["sentence"] == found.findings[0].sentence


def test_marks_of_the_store_are_held_against_the_gates(world, make_model, tmp_path):
    model, _ = make_model(learned_hotspots=("words",))
    save_model(model, tmp_path / "model")
    with StoreWriter(
        tmp_path / "store",
        corpus="planted",
        label_set=world.store.label_set,
        features=world.store.features,
        detectors={"words": "marks:0a1b2c3d", "voice": "peaks"},
    ) as writer:
        for number, stored in enumerate(world.store.conversations("test")):
            if number < 4:
                writer.add(stored)
    found = diagnose_run(tmp_path / "model", FeatureStore.open(tmp_path / "store"), draws=1)
    words, voice = found.gates
    assert (words.learned, voice.learned) == (True, False)
    assert words.marked_correlation is not None
    assert voice.marked_correlation is None
    assert voice.correlation is not None


def test_nothing_to_score_is_an_error(world):
    with pytest.raises(StoreError, match='no split "moon"'):
        diagnose_run(world.run, world.store, "moon")
    bare = [
        replace(
            e,
            conversation=replace(
                e.conversation,
                utterances=tuple(replace(u, label=None) for u in e.conversation.utterances),
            ),
        )
        for e in world.examples[:2]
    ]
    for examples in (bare, []):
        with pytest.raises(StoreError, match="no labelled utterance in here"):
            diagnose(world.model, examples, where="here")


def test_monologues_of_one_speaker_have_no_groups(world):
    examples = []
    for n, example in enumerate(world.examples[:8]):
        first = replace(example.conversation.utterances[0], speaker="Ann")
        talk = replace(example.conversation, id=f"m{n}", utterances=(first,))
        tokens = {m: own[:1] for m, own in example.tokens.items()}
        examples.append(replace(example, conversation=talk, tokens=tokens, hotspots=()))
    found = diagnose(world.model, examples, draws=1)
    assert found.groups == ()
    assert set(found.left_out) == {
        "emotion shift", "position", "dialogue length", "utterance length", "speaker",
    }  # fmt: skip
