"""Which conversations are trained on and which are tested on, by protocol."""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from emospot.errors import ConfigError, StoreError
from emospot.experiments.study import Protocol
from emospot.features.store import FeatureStore

OFFICIAL = ""
"""The only fold of the official protocol."""


def folds_of(store: FeatureStore, protocol: Protocol) -> dict[str, Mapping[str, str] | None]:
    """Fold → conversation id → "train" or "test"; None: the store's own splits.

    Raises:
        StoreError: if the store has no test split (official), the expression
            finds nothing in a dialogue's id, or there are too few conversations.
    """
    if protocol.kind == "official":
        if "test" not in store.splits:
            raise StoreError(f"{store.path} has no test split: choose another protocol")
        return {OFFICIAL: None}
    inside = protocol.kind == "cross_validation" and "train" in store.splits
    ids = list(store.labels("train" if inside else None))
    groups = (
        _by_expression(ids, protocol.groups, store)
        if protocol.groups is not None
        else _seeded_parts(ids, protocol.folds)
    )
    names = sorted(set(groups.values()))
    if len(names) < 2:
        raise StoreError(f"{store.path}: one group only ({names}), nothing to train on")
    return {
        name: {i: "test" if group == name else "train" for i, group in groups.items()}
        for name in names
    }


def _by_expression(ids: list[str], expression: str, store: FeatureStore) -> dict[str, str]:
    found = {}
    for name in ids:
        group = _found(expression, name)
        if group is None:
            raise StoreError(f'{store.path}: groups "{expression}" finds nothing in "{name}"')
        found[name] = group
    return found


def _seeded_parts(ids: list[str], count: int) -> dict[str, str]:
    order = np.random.default_rng(0).permutation(len(ids))
    return {ids[place]: f"part {number % count + 1}" for number, place in enumerate(order)}


def dependent(ids: Iterable[str], expression: str | None) -> dict[str, str]:
    """Dialogue → what it is drawn together with; without an expression, itself.

    Raises:
        ConfigError: if the expression is none, or finds nothing in a dialogue's id.

    >>> dependent(["anna-1", "anna-2", "ben-1"], "[a-z]+")
    {'anna-1': 'anna', 'anna-2': 'anna', 'ben-1': 'ben'}
    """
    if expression is None:
        return {name: name for name in ids}
    try:
        searched = re.compile(expression)
    except re.error as error:
        raise ConfigError(f'together "{expression}" is no regular expression: {error}') from None
    found = {name: _found(searched, name) for name in ids}
    for name, group in found.items():
        if not group:
            raise ConfigError(f'together "{expression}" finds nothing in the dialogue "{name}"')
    return {name: str(group) for name, group in found.items()}


def _found(expression: re.Pattern[str] | str, name: str) -> str | None:
    """What an expression finds in a dialogue's id."""
    match = re.search(expression, name)
    return None if match is None else match.group(0)
