"""Which training conversations are held out for every choice that is made (dev).

"stratified" spreads dev over the strata of the training data: conversations
with the same speakers (a session) whose names differ in digits only (scripted or
improvised, say) are one stratum, and every stratum gives its share. "first" takes
the first tenth in sorted order, as much of the field does; where the order follows
the sessions, that is one pair of speakers, on which choices are mostly noise.

Test conversations never enter.
"""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from emospot.conversation import Conversation
from emospot.errors import UsageError


def dev_ids(
    conversations: Sequence[Conversation],
    how: Literal["stratified", "first"],
    fraction: float,
    seed: int = 0,
) -> frozenset[str]:
    """The ids of the conversations held out.

    Args:
        conversations: the training conversations; tokens are not needed.
        how: "stratified" or "first".
        fraction: share of conversations held out, at least one.
        seed: draws within strata ("stratified" only).

    Raises:
        UsageError: if there are fewer than two conversations.
    """
    if len(conversations) < 2:
        raise UsageError(
            f"found {len(conversations)} training conversations; at least 2 are needed, "
            "one of which is held out to choose the epoch"
        )
    count = min(max(1, round(len(conversations) * fraction)), len(conversations) - 1)
    if how == "first":
        return frozenset(sorted(c.id for c in conversations)[:count])
    generator = np.random.default_rng(seed)
    draws = generator.random(len(conversations))
    by_id = sorted(conversations, key=lambda c: c.id)
    order = sorted(zip(by_id, draws, strict=True), key=lambda pair: (stratum(pair[0]), pair[1]))
    # Every (n / count)-th of the sorted strata: each gives its share.
    step = len(order) / count
    start = generator.random() * step
    return frozenset(order[int(start + step * k)][0].id for k in range(count))


def stratum(conversation: Conversation) -> tuple[tuple[str, ...], str]:
    """What makes two conversations alike: speakers, and the name without digits.

    >>> stratum(Conversation("Ses01F_impro01", ()))
    ((), 'SesF_impro')
    """
    return tuple(sorted(conversation.speakers)), re.sub(r"\d", "", conversation.id)
