"""The shipped studies of planted worlds: every model of theirs answers every world of theirs."""

import pytest

from emospot.batch import Example, collate
from emospot.corpora.planted import as_conversation
from emospot.experiments.stores import planted_entry
from emospot.experiments.study import load_study
from emospot.model.builder import build_model
from emospot.model.emotion_model import EmotionModel

STUDIES = ["planted", "mechanisms", "parts", "controls", "modalities", "conflict"]


@pytest.mark.parametrize("name", STUDIES)
def test_every_model_answers_every_world(name: str) -> None:
    study = load_study(name)
    assert study.seeds >= 5
    built: dict[tuple[str, tuple[str, ...]], EmotionModel] = {}
    for entry in study.corpora.values():
        source = planted_entry(entry)
        world = source.planted
        dims = dict.fromkeys(world.modalities, world.dim)
        first = as_conversation(world, next(source.drawn("train")))
        example = Example(first.conversation, first.tokens, first.marked)
        turns = len(first.conversation.utterances)
        for model in study.entries():
            config = study.config(model).model
            if "modalities" not in config.model_fields_set:
                config = config.model_copy(update={"modalities": world.modalities})
            key = (model, world.modalities)
            if key not in built:
                built[key] = build_model(config, dims, {"emotion": world.emotions}).eval()
            batch = collate([example], {m: dims[m] for m in config.modalities})
            assert built[key](batch).logits["emotion"].shape == (1, turns, world.emotions)


def test_no_conversation_is_learned_from_twice_where_that_is_said() -> None:
    for name in ("mechanisms", "parts", "controls", "modalities", "conflict"):
        study = load_study(name)
        assert all(study.config(model).training.each_once for model in study.entries())
