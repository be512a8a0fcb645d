"""Do the shown hotspots carry the decision? Tokens are taken away, and the model asked again.

For an utterance whose predicted class has the probability p, and a ranking of its tokens,

    comprehensiveness(k) = p − p(without the k best tokens)        high: they were needed
    sufficiency(k)       = p − p(with the k best tokens alone)     low: they are enough

AOPC is the mean over k = 5, 10, 20 and 50 % of the tokens, one token at least (DeYoung et
al., "ERASER", ACL 2020, whose 1 % is less than a word here). Only the utterance itself is
cut, the rest of its conversation stays. Rankings that are compared:

| name | a token's rank is |
|---|---|
| hotspots | the score of the strongest hotspot over it, which the model reads |
| gate | how much of the hotspots' view the model took there |
| gradient | |∂ log p / ∂x|, the length over the numbers of the token |
| at random places | that of the same hotspots elsewhere in the utterance |

Equal scores are ordered at random, so that an utterance without a hotspot counts as a
random ranking in all of them but the gate and the gradient.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from emospot.batch import Example, collate
from emospot.errors import ModelError
from emospot.hotspots.tokens import token_scores
from emospot.model.predict import Prediction, predict
from emospot.model.pretrained import PretrainedModel
from emospot.model.withheld import with_tokens

RATES = (0.05, 0.1, 0.2, 0.5)
HOTSPOTS = "hotspots"
GATE = "gate"
GRADIENT = "gradient"
AT_RANDOM = "at random places"
LEAST_TOKENS = 4
"""Utterances with fewer tokens are not asked about: there is little to rank."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """What one ranking gives in one utterance.

    Args:
        conversation: whose.
        utterance: which.
        ranking: by what.
        comprehensiveness: AOPC.
        sufficiency: AOPC.
    """

    conversation: str
    utterance: str
    ranking: str
    comprehensiveness: float
    sufficiency: float


def faithfulness(
    model: PretrainedModel,
    examples: Sequence[Example],
    modality: str,
    *,
    utterances: int = 200,
    seed: int = 0,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[Faithfulness]:
    """Take tokens away from utterances and ask the model again.

    Args:
        model: that decides.
        examples: conversations with tokens and hotspots.
        modality: whose tokens; several an utterance.
        utterances: how many are asked about, drawn at random.
        seed: of the draw and of equal ranks.
        tell: told the utterances done and all.

    Raises:
        ModelError: if the model does not read the modality, or reads it as one
            vector an utterance.
    """
    if modality not in model.config.modalities or model.card.features[modality].pooled:
        raise ModelError(
            f"the model {model.card.name} does not read several tokens of {modality}: there is "
            "nothing to take away"
        )
    random = np.random.default_rng(seed)
    places = [
        (e, u)
        for e, example in enumerate(examples)
        for u, tokens in enumerate(example.tokens.get(modality, ()))
        if tokens is not None and len(tokens) >= LEAST_TOKENS
    ]
    chosen = sorted(random.permutation(len(places))[:utterances].tolist())
    whole: dict[int, Prediction] = {}
    found: list[Faithfulness] = []
    for done, number in enumerate(chosen, start=1):
        e, u = places[number]
        if e not in whole:
            (whole[e],) = predict(model, [examples[e]])
        found += _utterance(model, examples[e], modality, u, whole[e], random)
        tell(done, len(chosen))
    return found


def _utterance(
    model: PretrainedModel,
    example: Example,
    modality: str,
    u: int,
    whole: Prediction,
    random: np.random.Generator,
) -> Iterator[Faithfulness]:
    best = int(whole.probabilities[u].argmax())
    rankings = _rankings(model, example, modality, u, best, whole, random)
    count = len(rankings[HOTSPOTS])
    sizes = [max(1, round(rate * count)) for rate in RATES]
    cut: list[Example] = []
    for scores in rankings.values():
        order = np.lexsort((random.random(count), -scores))
        for size in sizes:
            top = np.zeros(count, dtype=bool)
            top[order[:size]] = True
            cut += [with_tokens(example, modality, {u: kept}) for kept in (~top, top)]
    answers = [float(p.probabilities_at(whole.temperature)[u, best]) for p in predict(model, cut)]
    full = float(whole.probabilities_at(whole.temperature)[u, best])
    drops = full - np.array(answers).reshape(len(rankings), len(sizes), 2)
    for name, (comprehensiveness, sufficiency) in zip(rankings, drops.mean(axis=1), strict=True):
        yield Faithfulness(
            example.conversation.id,
            example.conversation.utterances[u].id,
            name,
            float(comprehensiveness),
            float(sufficiency),
        )


def _rankings(
    model: PretrainedModel,
    example: Example,
    modality: str,
    u: int,
    best: int,
    whole: Prediction,
    random: np.random.Generator,
) -> Mapping[str, Floats]:
    """Name → score of each token, shape (T,)."""
    if modality in whole.hotspots:
        scores = whole.hotspots[modality][u].astype(np.float64)
    else:
        scores = _hotspot_scores(example, modality, u)
    # Turned round the utterance, hotspots keep their lengths and their order.
    rankings = {HOTSPOTS: scores, AT_RANDOM: np.roll(scores, int(random.integers(len(scores))))}
    if modality in whole.gates:
        rankings[GATE] = whole.gates[modality][u].astype(np.float64)
    rankings[GRADIENT] = _gradient(model, example, modality, u, best)
    return rankings


def _hotspot_scores(example: Example, modality: str, u: int) -> Floats:
    tokens = example.tokens[modality][u]
    own = [h for h in example.hotspots[u] if h.modality == modality] if example.hotspots else []
    return np.zeros(0) if tokens is None else token_scores(tokens, own)


def _gradient(
    model: PretrainedModel, example: Example, modality: str, u: int, best: int
) -> Floats:
    """Length of the gradient of the answer's log probability at each token, shape (T,).

    What the kernel reader says is constant to it (`model.kernel_reader`), though taking a
    token away changes that, too.
    """
    dims = {m: model.card.features[m].dim for m in model.config.modalities}
    batch = collate([example], dims)
    tensors = batch.modalities[modality]
    values = tensors.values.float().requires_grad_()
    read = {**batch.modalities, modality: replace(tensors, values=values)}
    output = model.recognizer.eval()(replace(batch, modalities=read))
    logits = output.logits[model.card.main.name][0, u]
    (gradient,) = torch.autograd.grad(torch.log_softmax(logits, dim=-1)[best], values)
    lengths = gradient[0, u][tensors.mask[0, u]].norm(dim=-1)
    return np.asarray(lengths.numpy(), dtype=np.float64)
