"""The reader of letters: against plain loops and scikit-learn, and its edges."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from emospot.batch import Example, collate
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.model.recognizer import Recognizer
from emospot.model.wording import (
    AROUND,
    BUCKETS,
    DECAY,
    REACH,
    WHOLE,
    Mixing,
    Turns,
    Wording,
    letter_counts,
    relations,
    weighted,
)

GLAD = ("how lovely, thank you", "that is lovely", "oh thank you so much")
CROSS = ("leave me alone", "no! leave it", "you never leave me alone")


def conversation(seed: int, count: int = 12) -> Turns:
    """Two speakers, one glad, one cross."""
    random = np.random.default_rng(seed)
    answers = random.integers(2, size=count)
    texts = [str(random.choice((GLAD, CROSS)[answer])) for answer in answers]
    speakers = random.integers(2, size=count)
    return Turns(texts, speakers, np.where(random.random(count) < 0.1, -1, answers))


@pytest.fixture(scope="module", params=[False, True], ids=["both sides", "causal"])
def reader(request: pytest.FixtureRequest) -> Wording:
    wording = Wording(2, causal=request.param)
    wording.fit([conversation(seed) for seed in range(6)])
    return wording


def said(reader: Wording, turns: Turns) -> torch.Tensor:
    return reader([turns.texts], torch.from_numpy(turns.speakers)[None])[0]


def mixed_by_loops(parts: list[np.ndarray], speakers: np.ndarray, *, causal: bool) -> np.ndarray:
    """`Mixing.read` of one conversation, utterance by utterance."""
    own, *around, whole = parts
    rows = []
    for i, speaker in enumerate(speakers):
        row = own[i].copy()
        for (before, same), part in zip(relations(causal), around, strict=True):
            near = [
                j
                for j in range(len(speakers))
                if 0 < (i - j if before else j - i) <= REACH and (speakers[j] == speaker) == same
            ]
            if near:
                share = np.exp([-abs(i - j) / DECAY for j in near])
                row += AROUND * (share @ part[near]) / share.sum()
        rows.append(row + WHOLE * (whole[: i + 1] if causal else whole).mean(axis=0))
    return np.stack(rows)


@pytest.mark.parametrize("causal", [False, True])
def test_means_over_the_turns_around_equal_plain_loops(causal: bool) -> None:
    random = np.random.default_rng(0)
    lengths = (1, 7, 3, REACH + 20)
    speakers = [random.integers(3, size=n) for n in lengths]
    parts = [random.normal(size=(sum(lengths), 4)) for _ in range(2 + len(relations(causal)))]
    ends = np.cumsum(lengths)[:-1]
    expected = [
        mixed_by_loops(list(own), who, causal=causal)
        for own, who in zip(
            zip(*(np.split(part, ends) for part in parts), strict=True), speakers, strict=True
        )
    ]
    found = Mixing(speakers, causal=causal).read(parts)
    np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
def test_the_gradient_goes_back_the_way_that_it_came(causal: bool) -> None:
    random = np.random.default_rng(1)
    speakers = [random.integers(2, size=n) for n in (5, 9)]
    mixing = Mixing(speakers, causal=causal)
    parts = [random.normal(size=(14, 3)) for _ in range(2 + len(relations(causal)))]
    back = random.normal(size=(14, 3))
    forward = (mixing.read(parts) * back).sum()
    backward = sum((p * b).sum() for p, b in zip(parts, mixing.parts(back), strict=True))
    assert forward == pytest.approx(backward)


def test_counts_the_n_grams_of_letters_within_words() -> None:
    counts = letter_counts(["oh", "oh oh", ""])
    # " o", "oh", "h ", " oh", "oh ", " oh "
    assert [int(row.sum()) for row in counts] == [6, 12, 0]


def test_is_the_logistic_regression_of_the_turn_and_the_turns_around(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sklearn.linear_model import LogisticRegression

    monkeypatch.setattr("emospot.model.wording.ITERATIONS", 2000)
    turns = [conversation(seed) for seed in range(6)]
    wording = Wording(2, causal=False)
    wording.fit(turns)
    blocks = []
    for own in turns:
        x = weighted(letter_counts(own.texts), wording.inverse_frequency.double().numpy())
        x, zero = x.toarray(), np.zeros((len(own.texts), BUCKETS))
        part = len(relations(causal=False)) + 2
        blocks.append(
            np.concatenate(
                [
                    mixed_by_loops(
                        [x if k == n else zero for k in range(part)], own.speakers, causal=False
                    )
                    for n in range(part)
                ],
                axis=1,
            )
        )
    x, y = np.concatenate(blocks), np.concatenate([own.answers for own in turns])
    # Two logits penalised alike are one penalised half as much.
    judge = LogisticRegression(C=2.0, tol=1e-8, max_iter=5000).fit(x[y >= 0], y[y >= 0])
    share = np.bincount(y[y >= 0]) + 1.0
    offset = np.log(share[1] / share[0])
    logits = torch.cat([said(wording, own) for own in turns]).double().numpy()
    np.testing.assert_allclose(
        logits[:, 1] - logits[:, 0] + offset, judge.decision_function(x), atol=2e-3
    )


def test_learns_what_glad_and_cross_people_say(reader: Wording) -> None:
    new = conversation(99, count=40)
    known = new.answers >= 0
    assert (said(reader, new).argmax(dim=1).numpy() == new.answers)[known].all()


def test_a_causal_reader_never_reads_the_future(reader: Wording) -> None:
    turns = conversation(7)
    changed = replace(turns, texts=[*turns.texts[:6], *(["nonsense, leave it!"] * 6)])
    same = torch.isclose(said(reader, turns)[:6], said(reader, changed)[:6]).all()
    assert bool(same) == reader.causal


def test_a_causal_reader_says_nothing_before_the_first_word(reader: Wording) -> None:
    speakers = torch.tensor([[0, 1, 0, 1]])
    silent, spoken = (
        reader([[""] * 4], speakers),
        reader([["", "", "leave me alone", ""]], speakers),
    )
    assert not silent.any()
    told = spoken[0].any(dim=-1).tolist()
    assert told == [not reader.causal, not reader.causal, True, True]


def test_other_conversations_and_padding_change_nothing(reader: Wording) -> None:
    short, long = conversation(7, count=5), conversation(8, count=9)
    speakers = torch.zeros(2, 9, dtype=torch.long)
    speakers[0, :5] = torch.from_numpy(short.speakers)
    speakers[1] = torch.from_numpy(long.speakers)
    together = reader([short.texts, long.texts], speakers)
    assert torch.allclose(together[0, :5], said(reader, short))
    assert not together[0, 5:].any()
    assert torch.allclose(together[1], said(reader, long))


def test_says_nothing_without_words_and_before_it_has_learned(reader: Wording) -> None:
    speakers = torch.tensor([[0, 1]])
    assert not reader([["", ""]], speakers).any()
    assert reader([["", "lovely"]], speakers)[0, 1].any()
    assert not Wording(2, causal=False)([["lovely", "leave"]], speakers).any()


@pytest.mark.parametrize(
    "turns",
    [
        Turns(["", ""] * 6, np.zeros(12, dtype=int), np.zeros(12, dtype=int)),
        Turns(list(GLAD) * 3, np.zeros(9, dtype=int), np.full(9, -1)),
        Turns([], np.zeros(0, dtype=int), np.zeros(0, dtype=int)),
        Turns(["oh", "my"], np.zeros(2, dtype=int), np.arange(2)),
    ],
    ids=["no words", "no answers", "no turns", "nothing twice"],
)
def test_learns_nothing_from_nothing(turns: Turns) -> None:
    wording = Wording(2, causal=False)
    wording.fit([turns])
    assert not wording.weight.any()


def worded(make_example: Callable[..., Example], dims: dict[str, int]) -> Example:
    example = make_example("c", 12, dims)
    texts = conversation(3).texts
    spoken = tuple(
        replace(u, text=text)
        for u, text in zip(example.conversation.utterances, texts, strict=True)
    )
    return replace(example, conversation=replace(example.conversation, utterances=spoken))


def learned(model: Recognizer) -> Recognizer:
    model.fit_wording("emotion", [conversation(seed) for seed in range(6)])
    return model


def test_the_recognizer_adds_it_once_training_is_over(
    make_recognizer: Callable[..., Recognizer], make_example: Callable[..., Example]
) -> None:
    dims = {"words": 6, "voice": 5}
    batch = collate([worded(make_example, dims)], dims)
    model = learned(make_recognizer(dims, dynamics=0.0))
    plain = make_recognizer(dims, dynamics=0.0, wording=False)
    there = batch.present[0, :, 0].tolist()
    texts = [t if p else "" for t, p in zip(batch.texts[0], there, strict=True)]
    wording = model.wording["emotion"]
    expected = plain(batch).logits["emotion"] + wording([texts], batch.speakers)
    assert torch.allclose(model(batch).logits["emotion"], expected, atol=1e-5)
    torch.manual_seed(0)
    answer = model.train()(batch)
    mean = torch.stack(answer.parts["emotion"]).mean(dim=0)
    assert torch.allclose(answer.logits["emotion"], mean)


def test_it_reads_letters_only_where_the_words_are_present(
    make_recognizer: Callable[..., Recognizer], make_example: Callable[..., Example]
) -> None:
    dims = {"words": 6, "voice": 5}
    example = worded(make_example, dims)
    model = learned(make_recognizer(dims, dynamics=0.0))
    absent = [u for u, tokens in enumerate(example.tokens["words"]) if tokens is None]
    assert absent
    utterances = list(example.conversation.utterances)
    for u in absent:
        utterances[u] = replace(utterances[u], text="leave me alone! leave!")
    other = replace(
        example, conversation=replace(example.conversation, utterances=tuple(utterances))
    )
    batch, changed = collate([example], dims), collate([other], dims)
    assert batch.texts == changed.texts
    silent = replace(batch, present=batch.present & torch.tensor([False, True]))
    bare = make_recognizer(dims, dynamics=0.0, wording=False)
    assert torch.allclose(model(silent).logits["emotion"], bare(silent).logits["emotion"])


def test_a_recognizer_without_words_has_none(make_recognizer: Callable[..., Recognizer]) -> None:
    assert not make_recognizer({"voice": 5}).wording
    assert not make_recognizer({"words": 6}, wording=False).wording


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
