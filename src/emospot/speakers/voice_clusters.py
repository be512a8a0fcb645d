"""How many voices there are, and what each is like: clusters of window embeddings.

Ward's method joins, step by step, the two clusters whose joining spreads the whole the
least; cut at k clusters, the tree gives k directions, which spherical k-means makes
better:

    c_k ∝ Σ of the embeddings nearest to c_k,     nearest: the greatest cosine

The *cohesion* of k clusters is the mean cosine of an embedding and its cluster's
direction. It grows with k. Windows of one speaker lie about a certain mean cosine apart,
however long the recording is, so the number of speakers is the least k whose cohesion
reaches a threshold, or from which one more speaker would add next to nothing.

Long recordings are clustered by 2,000 windows taken evenly from them; all windows are
assigned afterwards. So the cost grows with the length alone.
"""

import numpy as np
from numpy.typing import NDArray

from emospot.errors import UsageError

COHESION = 0.81
"""Chosen on acted talks of twelve people (docs/speakers.md)."""
LEAST_GAIN = 0.012
"""By how much one more speaker must add to the cohesion."""
MOST_SPEAKERS = 10
"""More are found only where their number is given."""
MOST_WINDOWS = 2000
_ROUNDS = 20


def directions(
    embeddings: NDArray[np.float32], speakers: int | None = None, *, cohesion: float = COHESION
) -> NDArray[np.float64]:
    """The voices among embeddings.

    Args:
        embeddings: of length 1, shape (n ≥ 1, d).
        speakers: how many there are, None where that is to be found out.
        cohesion: the threshold, in [0, 1].

    Returns:
        A direction of length 1 for each voice, shape (k, d). k is what was asked for,
        or n where there are fewer windows.

    Raises:
        UsageError: if fewer than one speaker is asked for, or there is no window.
    """
    if len(embeddings) == 0:
        raise UsageError("there is no voice to tell apart")
    if speakers is not None and speakers < 1:
        raise UsageError(f"at least one speaker speaks, found {speakers}")
    some = _evenly(embeddings.astype(np.float64))
    if speakers == 1 or len(some) == 1:
        return _means(some, np.zeros(len(some), dtype=int), 1)
    from scipy.cluster.hierarchy import linkage

    tree = linkage(some, "ward")
    if speakers is not None:
        return _refined(some, tree, min(speakers, len(some)))[0]
    found, reached = _refined(some, tree, 1)
    for count in range(2, min(MOST_SPEAKERS, len(some)) + 1):
        if reached >= cohesion:
            break
        more, closer = _refined(some, tree, count)
        if closer - reached < LEAST_GAIN:
            break
        found, reached = more, closer
    return found


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same directions with length 1, shape (n, d)."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: NDArray[np.float64] = vectors / np.maximum(lengths, 1e-12)
    return scaled


def _evenly(embeddings: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(embeddings) <= MOST_WINDOWS:
        return embeddings
    places = np.linspace(0, len(embeddings) - 1, MOST_WINDOWS).round().astype(int)
    some: NDArray[np.float64] = embeddings[places]
    return some


def _refined(
    embeddings: NDArray[np.float64], tree: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], float]:
    """The directions of so many clusters, and their cohesion."""
    from scipy.cluster.hierarchy import cut_tree

    # Unlike `fcluster`, it gives so many clusters where two joins are equally far.
    labels = cut_tree(tree, n_clusters=count)[:, 0]
    for _ in range(_ROUNDS):
        means = _means(embeddings, labels, count)
        nearest = (embeddings @ means.T).argmax(axis=1)
        if len(np.unique(nearest)) < count or np.array_equal(nearest, labels):
            break
        labels = nearest
    means = _means(embeddings, labels, count)
    return means, float((embeddings @ means.T).max(axis=1).mean())


def _means(
    embeddings: NDArray[np.float64], labels: NDArray[np.intp], count: int
) -> NDArray[np.float64]:
    sums = np.zeros((count, embeddings.shape[1]))
    np.add.at(sums, labels, embeddings)
    return unit(sums)
