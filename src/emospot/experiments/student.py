"""Figures over the seeds of a study, by Student's t."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

LEVEL = 0.95
LEAST_P = 0.0001
"""Below it p is not written out."""


def interval_over_seeds(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and limits of its 95 % interval; of one value all are that value.

    >>> [round(x, 3) for x in interval_over_seeds([1.0, 2.0, 3.0])]
    [2.0, -0.484, 4.484]
    """
    mean = float(np.mean(values))
    if len(values) < 2 or np.ptp(values) == 0:
        return mean, mean, mean
    low, high = stats.ttest_1samp(values, mean).confidence_interval(LEVEL)
    return mean, float(low), float(high)


def p_over_seeds(values: Sequence[float]) -> float:
    """How likely such a mean is where there is no difference, two-sided.

    1 of one value, and of values that do not vary: such seeds tell of nothing.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return 1.0
    return float(stats.ttest_1samp(values, 0.0).pvalue)


def points(mean: float, low: float, high: float) -> str:
    """A difference in points, with its interval.

    >>> points(0.165, 0.16, 0.17)
    '+16.5 [+16.0, +17.0]'
    """
    return f"{100 * mean:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def shown_p(p: float) -> str:
    """As tables show it.

    >>> shown_p(0.0123), shown_p(1e-6)
    ('0.0123', '< 0.0001')
    """
    return f"{p:.4f}" if p >= LEAST_P else f"< {LEAST_P}"
