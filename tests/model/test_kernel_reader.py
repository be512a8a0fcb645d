"""The kernel reader: against scikit-learn's parts put together by hand, and its edges."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from emospot.batch import Example, collate
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.emotions import LabelSet, emotion_task
from emospot.model.kernel_reader import KernelReader
from emospot.model.letters import letter_counts, weighted
from emospot.model.reader_lessons import Lessons
from emospot.model.reading import TIMING, Reading, readings_of
from emospot.model.recognizer import Recognizer
from emospot.model.turns_around import TurnsAround
from emospot.training.data import readings

GLAD = ("how lovely, thank you", "that is lovely", "oh thank you so much")
CROSS = ("leave me alone", "no! leave it", "you never leave me alone")
DIMS = {"words": 6, "voice": 5}


def conversation(seed: int, count: int = 12) -> tuple[Reading, np.ndarray]:
    """Two speakers, one glad, one cross, in words and voice; some of it missing."""
    random = np.random.default_rng(seed)
    answers = random.integers(2, size=count)
    present = {m: random.random(count) < 0.9 for m in DIMS}
    said = [str(random.choice((GLAD, CROSS)[answer])) for answer in answers]
    texts = [text if there else "" for text, there in zip(said, present["words"], strict=True)]
    vectors = {
        m: (random.normal(size=(count, dim)) + (answers * 2 - 1)[:, None]) * present[m][:, None]
        for m, dim in DIMS.items()
    }
    vectors[TIMING] = random.normal(size=(count, 6))
    present[TIMING] = np.ones(count, dtype=bool)
    speakers = random.integers(2, size=count)
    return (
        Reading(texts, speakers, vectors, present),
        np.where(random.random(count) < 0.1, -1, answers),
    )


def learned(
    causal: bool = False, seeds: int = 6, dims: dict[str, int] | None = None
) -> KernelReader:
    reader = KernelReader(dims or DIMS, 2, causal=causal)
    reader.fit(*zip(*(conversation(seed) for seed in range(seeds)), strict=True))
    return reader


@pytest.fixture(scope="module", params=[False, True], ids=["both sides", "causal"])
def reader(request: pytest.FixtureRequest) -> KernelReader:
    return learned(request.param)


def said(reader: KernelReader, reading: Reading) -> torch.Tensor:
    return reader([reading])[0]


def test_is_scikit_learns_logistic_regression_over_letters_and_a_gaussian_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sklearn.decomposition import PCA
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import LogisticRegression

    monkeypatch.setattr("emospot.model.reader_regression.ITERATIONS", 3000)
    monkeypatch.setattr("emospot.model.kernel_reader.JITTER", 1e-9)
    told = [conversation(seed) for seed in range(6)]
    reader = KernelReader(DIMS, 2, causal=False)
    own, answers = zip(*told, strict=True)
    reader.fit(own, answers)
    every = [*own, *(r.alone("words") for r in own), *(r.alone("voice") for r in own)]
    y = np.concatenate([*answers] * 3)
    known = (y >= 0) & np.concatenate([r.known for r in every])
    around = TurnsAround([r.speakers for r in every], causal=False)

    counts = letter_counts([text for r in every for text in r.texts])
    x = weighted(counts, reader.inverse_frequency.double().numpy()).toarray()
    weights = (1, 2, 2, 2, 2, 3)
    u = np.concatenate([w * p for w, p in zip(weights, around.of(x), strict=True)], axis=1)
    u = u / np.maximum(np.linalg.norm(u, axis=1, keepdims=True), 1e-12)

    z = []
    for name, length in (("words", 1.0), ("voice", 1.0), (TIMING, 0.3)):
        v = np.concatenate([r.vectors[name] for r in every])
        there = np.concatenate([r.present[name] for r in every])
        rows = known & there
        v = (v - v[rows].mean(axis=0)) / v[rows].std(axis=0) * there[:, None]
        v = v @ PCA().fit(v[rows]).components_.T
        stacked = np.concatenate(
            [w * p for w, p in zip((1, 1, 1, 1, 1, 3**0.5), around.of(v), strict=True)], axis=1
        )
        z.append(stacked * (length / (stacked[known] ** 2).sum(axis=1).mean()) ** 0.5)
    z = np.concatenate(z, axis=1)
    different = np.unique(z[known].round(9), axis=0)
    kernel = Nystroem(gamma=0.5, n_components=len(different), random_state=0).fit(different)

    features = np.concatenate([2 * u, 8**0.5 * kernel.transform(z)], axis=1)
    # Two logits penalised alike are one penalised half as much.
    judge = LogisticRegression(C=2.0, tol=1e-9, max_iter=10000).fit(features[known], y[known])
    share = np.bincount(y[known]) + 1.0
    logits = torch.cat([said(reader, r) for r in every]).double().numpy()
    begun = np.concatenate([np.full(len(r.texts), r.known.any()) for r in every])
    found = logits[:, 1] - logits[:, 0] + np.log(share[1] / share[0])
    np.testing.assert_allclose(found[begun], judge.decision_function(features)[begun], atol=5e-3)


def test_learns_what_glad_and_cross_people_say(reader: KernelReader) -> None:
    new, answers = conversation(99, count=40)
    known = (answers >= 0) & new.known
    assert (said(reader, new).argmax(dim=1).numpy() == answers)[known].mean() > 0.9


@pytest.mark.parametrize("modality", ["words", "voice"])
def test_reads_each_modality_alone(reader: KernelReader, modality: str) -> None:
    new, answers = conversation(99, count=40)
    bare = new.alone(modality)
    known = (answers >= 0) & bare.known
    assert (said(reader, bare).argmax(dim=1).numpy() == answers)[known].mean() > 0.8


def test_many_utterances_are_held_against_fewer_centres(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emospot.model.kernel_reader.CENTRES", 20)
    reader = learned()
    assert reader.centres.shape[0] == 20
    assert (reader.centres != 0).any(dim=1).all()
    new, answers = conversation(99, count=40)
    known = (answers >= 0) & new.known
    assert (said(reader, new).argmax(dim=1).numpy() == answers)[known].mean() > 0.9


def test_learning_twice_gives_the_same_bits() -> None:
    first, second = learned().state_dict(), learned().state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def changed_from(reading: Reading, begin: int) -> Reading:
    """The same until utterance `begin`, something else from then on."""
    texts = [*reading.texts[:begin], *["nonsense, leave it!"] * (len(reading.texts) - begin)]
    vectors = {name: own.copy() for name, own in reading.vectors.items()}
    for own in vectors.values():
        own[begin:] += 3
    return replace(reading, texts=texts, vectors=vectors)


def test_a_causal_reader_never_reads_the_future(reader: KernelReader) -> None:
    reading, _ = conversation(7)
    other = changed_from(reading, 6)
    same = torch.isclose(said(reader, reading)[:6], said(reader, other)[:6]).all()
    assert bool(same) == reader.causal


def test_says_nothing_before_anything_is_seen_or_heard(reader: KernelReader) -> None:
    reading, _ = conversation(7)
    silent = np.arange(12) < 4
    muted = replace(
        reading,
        texts=["" if quiet else "lovely" for quiet in silent],
        present={**dict.fromkeys(DIMS, ~silent), TIMING: np.ones(12, dtype=bool)},
    )
    told = said(reader, muted).any(dim=-1).tolist()
    assert told == [not reader.causal] * 4 + [True] * 8
    nothing = replace(muted, present=dict.fromkeys((*DIMS, TIMING), silent & False))
    assert not said(reader, nothing).any()


def test_other_conversations_change_nothing(reader: KernelReader) -> None:
    short, long = conversation(7, count=5)[0], conversation(8, count=9)[0]
    together = reader([short, long])
    for own, reading in zip(together, (short, long), strict=True):
        assert torch.allclose(own, said(reader, reading))


@pytest.mark.parametrize(
    "answers", [np.full(12, -1), np.zeros(0, dtype=int)], ids=["no answers", "no turns"]
)
def test_learns_nothing_from_nothing(answers: np.ndarray) -> None:
    reader = KernelReader(DIMS, 2, causal=False)
    reader.fit([conversation(0, count=len(answers))[0]], [answers])
    assert not any(buffer.any() for buffer in reader.buffers())
    assert not said(reader, conversation(1)[0]).any()


def test_learns_from_the_voice_where_nobody_wrote_a_word() -> None:
    dims = {"voice": 5}
    told = [conversation(seed) for seed in range(6)]
    bare = [
        Reading(
            [""] * 12,
            r.speakers,
            {name: r.vectors[name] for name in ("voice", TIMING)},
            {name: r.present[name] for name in ("voice", TIMING)},
        )
        for r, _ in told
    ]
    reader = KernelReader(dims, 2, causal=False)
    reader.fit(bare[:5], [answers for _, answers in told[:5]])
    answers = told[5][1]
    known = (answers >= 0) & bare[5].known
    assert (said(reader, bare[5]).argmax(dim=1).numpy() == answers)[known].mean() > 0.7


def test_one_answer_for_all_is_learned_as_well() -> None:
    reading, answers = conversation(0)
    reader = KernelReader(DIMS, 3, causal=False)
    reader.fit([reading], [np.where(answers >= 0, 2, -1)])
    assert (said(reader, reading).isfinite()).all()


@pytest.mark.parametrize("deviation", [0.0, 1e-5, 1e-3])
def test_a_number_that_hardly_moved_in_training_does_not_drown_the_rest(deviation: float) -> None:
    random = np.random.default_rng(0)
    told = []
    for seed in range(6):
        reading, answers = conversation(seed)
        reading.vectors["voice"][:, 2] = 7.0 + deviation * random.normal(size=len(answers))
        told.append((reading, answers))
    reader = KernelReader(DIMS, 2, causal=False)
    reader.fit(*zip(*told, strict=True))
    new, answers = conversation(99, count=40)
    new.vectors["voice"][:, 2] = 9.0
    known = (answers >= 0) & new.known
    assert (said(reader, new).argmax(dim=1).numpy() == answers)[known].mean() > 0.8


def test_a_modality_that_never_comes_changes_nothing() -> None:
    told = [conversation(seed) for seed in range(6)]
    silent = [(r.alone("words"), answers) for r, answers in told]
    reader, bare = KernelReader(DIMS, 2, causal=False), KernelReader({"words": 6}, 2, causal=False)
    for one in (reader, bare):
        one.fit(*zip(*silent, strict=True))
    new = conversation(99)[0].alone("words")
    assert torch.allclose(said(reader, new), said(bare, new), atol=1e-4)


def worded(make_example: Callable[..., Example]) -> Example:
    example = make_example("c", 12, DIMS)
    texts = conversation(3)[0].texts
    spoken = tuple(
        replace(u, text=text)
        for u, text in zip(example.conversation.utterances, texts, strict=True)
    )
    return replace(example, conversation=replace(example.conversation, utterances=spoken))


def with_reader(model: Recognizer) -> Recognizer:
    K = len(model.get_buffer("prior_emotion"))
    told = [conversation(seed) for seed in range(6)]
    model.fit_reader("emotion", [r for r, _ in told], [a * (K - 1) for _, a in told])
    return model


def test_the_recognizer_adds_it_once_training_is_over(
    make_recognizer: Callable[..., Recognizer], make_example: Callable[..., Example]
) -> None:
    batch = collate([worded(make_example), make_example("d", 5, DIMS)], DIMS)
    model = with_reader(make_recognizer(DIMS, dynamics=0.0))
    plain = make_recognizer(DIMS, dynamics=0.0, kernel_reader=False)
    added = model(batch).logits["emotion"] - plain(batch).logits["emotion"]
    for b, own in enumerate(model.readers["emotion"](readings_of(batch))):
        assert own.any()
        assert torch.allclose(added[b, : len(own)], own, atol=1e-5)
        assert not added[b, len(own) :].any()
    torch.manual_seed(0)
    answer = model.train()(batch)
    mean = torch.stack(answer.parts["emotion"]).mean(dim=0)
    assert torch.allclose(answer.logits["emotion"], mean)


def test_gradients_reach_the_tokens_past_it(
    make_recognizer: Callable[..., Recognizer], make_example: Callable[..., Example]
) -> None:
    batch = collate([worded(make_example)], DIMS)
    model = with_reader(make_recognizer(DIMS)).eval()
    tensors = batch.modalities["words"]
    values = tensors.values.float().requires_grad_()
    asked = replace(
        batch, modalities={**batch.modalities, "words": replace(tensors, values=values)}
    )
    model(asked).logits["emotion"].sum().backward()
    assert values.grad is not None
    assert values.grad.any()


def test_it_reads_what_is_present_alone(make_example: Callable[..., Example]) -> None:
    example = worded(make_example)
    batch = collate([example], DIMS)
    read = readings_of(batch)[0]
    for number, m in enumerate(DIMS):
        for u, tokens in enumerate(example.tokens[m]):
            assert bool(read.present[m][u]) == (tokens is not None)
            mean = 0.0 if tokens is None else tokens.values.mean(axis=0)
            np.testing.assert_allclose(read.vectors[m][u], mean, atol=1e-2)
        assert read.present[m].tolist() == batch.present[0, :, number].tolist()
    silent = readings_of(replace(batch, present=batch.present & torch.tensor([False, True])))[0]
    assert not any(silent.texts)
    assert not silent.present["words"].any()


def test_alone_is_as_if_the_rest_were_not_there(make_example: Callable[..., Example]) -> None:
    batch = collate([worded(make_example)], DIMS)
    read = readings_of(batch)[0]
    for number, m in enumerate(DIMS):
        kept = torch.tensor([n == number for n in range(len(DIMS))])
        silent = readings_of(replace(batch, present=batch.present & kept))[0]
        bare = read.alone(m)
        assert tuple(bare.texts) == tuple(silent.texts)
        for name, there in silent.present.items():
            np.testing.assert_array_equal(bare.present[name], there)
        for name in (m, TIMING):
            np.testing.assert_allclose(bare.vectors[name], silent.vectors[name])


def test_padding_that_is_not_a_number_does_not_spread(
    make_example: Callable[..., Example],
) -> None:
    batch = collate([worded(make_example), make_example("d", 5, DIMS)], DIMS)
    for tensors in batch.modalities.values():
        tensors.values[~tensors.mask] = float("nan")
    for read in readings_of(batch):
        assert all(np.isfinite(x).all() for x in read.vectors.values())


def test_training_data_is_read_as_the_model_reads_it(make_example: Callable[..., Example]) -> None:
    labels = LabelSet("two", ("glad", "cross"))
    empty = Example(Conversation("empty", ()), dict.fromkeys(DIMS, ()))
    (nothing,), (no_answers,) = readings([empty], DIMS, emotion_task(labels))
    assert len(nothing.texts) == len(no_answers) == 0
    example = worded(make_example)
    spoken = tuple(
        replace(u, label=("glad", "cross", None)[n % 3])
        for n, u in enumerate(example.conversation.utterances)
    )
    example = replace(example, conversation=replace(example.conversation, utterances=spoken))
    (read,), (answers,) = readings([example], DIMS, emotion_task(labels))
    assert answers.tolist() == [0, 1, -1] * 4
    again = readings_of(collate([example], DIMS))[0]
    assert read.texts == again.texts
    for name, x in read.vectors.items():
        np.testing.assert_array_equal(x, again.vectors[name])


def test_a_recognizer_has_one_unless_it_is_switched_off(
    make_recognizer: Callable[..., Recognizer],
) -> None:
    assert make_recognizer({"voice": 5}).readers
    assert not make_recognizer({"words": 6}, kernel_reader=False).readers


def test_words_whose_tokens_are_taken_away_are_not_read() -> None:
    utterance = Utterance("u", "S", text="so lovely")
    tokens = Tokens(np.zeros((2, 3)), offsets=np.array([[0, 2], [3, 9]]))
    cut = replace(tokens, values=tokens.values[:1], offsets=np.array([[0, 2]]))
    conversation = Conversation("c", (utterance,))
    read = [
        collate([Example(conversation, {"words": [own]})], {"words": 3}).texts[0][0].strip()
        for own in (tokens, cut, None)
    ]
    assert read == ["so lovely", "so", ""]
    nothing = replace(tokens, offsets=np.zeros((2, 2), dtype=int))
    blank = Conversation("c", (replace(utterance, text="  "),))
    for example in (
        Example(conversation, {"words": [nothing]}),
        Example(blank, {"words": [replace(tokens, offsets=None)]}),
    ):
        assert collate([example], {"words": 3}).texts == (("",),)


def test_what_is_learned_does_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = learned()
    monkeypatch.setattr("emospot.model.reader_regression.BLOCK", 50)
    monkeypatch.setattr("emospot.model.reader_lessons.BLOCK", 20)
    in_blocks, asked = learned(), conversation(9)[0]
    assert torch.allclose(said(in_blocks, asked), said(whole, asked), atol=1e-3)
    for name, weights in learned().named_buffers():
        assert torch.equal(weights, in_blocks.get_buffer(name)), name


@pytest.mark.parametrize("size", [20, 1024])
def test_centres_are_found_among_lessons_evenly_taken(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("emospot.model.kernel_reader.COMPARED", 40)
    monkeypatch.setattr("emospot.model.reader_lessons.BLOCK", size)
    reader = learned()
    lessons = Lessons(
        *zip(*(conversation(seed) for seed in range(6)), strict=True), DIMS, causal=False
    )
    vectors = np.concatenate(
        [reader._vectors(b.readings, b.around)[b.labelled] for b in lessons.blocks()]
    )
    assert len(vectors) > 40
    chosen = vectors[[number * len(vectors) // 40 for number in range(40)]]
    expected = np.unique(chosen.astype(np.float32), axis=0)
    np.testing.assert_allclose(reader._typical(lessons), expected, atol=1e-6)
    np.testing.assert_allclose(reader.centres[: len(expected)], expected, atol=1e-6)
