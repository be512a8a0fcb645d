"""The n-grams of letters of a text, hashed, as a sparse vector.

Two to four letters within a word, blanks at its ends included; a text's counts are
weighted by (1 + log count) · idf and of unit length (Salton and Buckley, 1988). They
are hashed (Weinberger et al., 2009), so that there is no list of words to keep.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

BUCKETS = 2**14
LETTERS = (2, 4)
LEAST_TEXTS = 5
"""N-grams of fewer texts are not read."""

Floats = NDArray[np.float64]


def letter_counts(texts: Sequence[str]) -> Any:
    """How often each n-gram of letters occurs, a sparse matrix (texts × buckets).

    >>> [int(row.sum()) for row in letter_counts(["oh", "oh oh", ""])]
    [6, 12, 0]
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=LETTERS,
        n_features=BUCKETS,
        alternate_sign=False,
        norm=None,
    )
    return vectorizer.transform(texts)


def inverse_frequency(counts: Any) -> Floats:
    """log((1 + texts) / (1 + texts with the n-gram)) + 1, shape (buckets,); 0 for rare ones."""
    frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf: Floats = np.log((1 + counts.shape[0]) / (1 + frequency)) + 1
    return np.where(frequency < LEAST_TEXTS, 0.0, idf)


def weighted(counts: Any, idf: Floats) -> Any:
    """Counts made vectors of length 1, or 0 where nothing known is in the text."""
    from scipy import sparse

    x = counts.copy()
    x.data = 1 + np.log(x.data)
    x = sparse.csr_matrix(x.multiply(idf))
    length = np.sqrt(squared_lengths(x))
    return sparse.diags(1 / np.where(length > 0, length, 1.0)) @ x


def squared_lengths(x: Any) -> Floats:
    """Of each row of a sparse matrix, shape (rows,)."""
    return np.asarray(x.multiply(x).sum(axis=1)).ravel()
