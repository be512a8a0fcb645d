"""What is in a store: the figures to look at before training on it.

Besides counts, it looks for leaks between the splits: a test figure means
little when its conversations, speakers or sentences were trained on. A leak
is a warning, not an error: some corpora share speakers on purpose.
"""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from emospot.features.store import NO_SPLIT, FeatureStore, SplitCounts

SHORT_TEXT = 3
"""Texts of fewer words ("Yeah.") are repeated by chance and no sign of a leak."""


@dataclass(frozen=True, slots=True)
class ModalityDescription:
    """One modality of a store.

    Args:
        modality: its name.
        extractor: what made its features, or "" where it has only hotspots.
        version: the extractor's.
        dim: numbers a token, 0 where it has only hotspots.
        pooled: whether an utterance has exactly one token: hotspot-gated
            fusion has nothing to choose from then.
        missing: share of the utterances without it, in [0, 1].
        tokens_median: median number of tokens where it is present.
        tokens_most: greatest number of tokens.
        hotspots: hotspots an utterance, on average.
        with_hotspots: share of the utterances with at least one, in [0, 1].
        licence: what its extractor's licence restricts, or "".
    """

    modality: str
    extractor: str
    version: str
    dim: int
    pooled: bool
    missing: float
    tokens_median: float
    tokens_most: int
    hotspots: float
    with_hotspots: float
    licence: str = ""


@dataclass(frozen=True, slots=True)
class CorpusDescription:
    """What is in a store.

    Args:
        corpus: its name.
        kind: which importer made the store.
        label_set: name of the label set.
        labels: the labels in the order of the logits.
        content_hash: the store's.
        splits: split → what it holds.
        label_counts: split → label → utterances.
        speakers: split → number of speakers.
        conversation_lengths: split → (shortest, median, longest) in utterances.
        targets: name of a numeric target → utterances that carry it.
        modalities: one entry a modality.
        warnings: leaks between splits and other reasons for care.
    """

    corpus: str
    kind: str
    label_set: str
    labels: tuple[str, ...]
    content_hash: str
    splits: Mapping[str, SplitCounts]
    label_counts: Mapping[str, Mapping[str, int]]
    speakers: Mapping[str, int]
    conversation_lengths: Mapping[str, tuple[int, float, int]]
    targets: Mapping[str, int]
    modalities: tuple[ModalityDescription, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The description as plain dictionaries, lists, strings and numbers."""
        return dataclasses.asdict(self)

    def split_rows(self) -> list[dict[str, Any]]:
        """One row a split, for a table: counts, speakers and labels."""
        rows = []
        for split, counts in self.splits.items():
            shortest, middle, longest = self.conversation_lengths[split]
            rows.append(
                {
                    "split": split,
                    **dataclasses.asdict(counts),
                    "speakers": self.speakers[split],
                    "length": f"{shortest} / {middle:g} / {longest}",
                    **self.label_counts[split],
                }
            )
        return rows

    def modality_rows(self) -> list[dict[str, Any]]:
        """One row a modality, for a table: tokens are median / most of an utterance."""
        return [
            {
                "modality": one.modality,
                "extractor": one.extractor or "-",
                "dim": one.dim,
                "tokens": "pooled" if one.pooled else f"{one.tokens_median:g} / {one.tokens_most}",
                "missing": f"{one.missing:.1%}",
                "hotspots": f"{one.hotspots:.2f}",
                "with_hotspots": f"{one.with_hotspots:.1%}",
            }
            for one in self.modalities
        ]


def describe(store: FeatureStore) -> CorpusDescription:
    """Count what is in a store; the tokens themselves are not read."""
    tally = _Tally(store.label_set.labels)
    columns = ("utterance", "speaker", "text", "label", "targets", "split", "hotspots")
    for rows in store.rows((*columns, *(f"{m}:tokens" for m in store.features))):
        tally.add(rows, list(store.features))
    return CorpusDescription(
        corpus=store.manifest.corpus,
        kind=store.manifest.kind,
        label_set=store.label_set.name,
        labels=store.label_set.labels,
        content_hash=store.content_hash,
        splits=store.splits,
        label_counts=tally.labels,
        speakers={split: len(names) for split, names in tally.speakers.items()},
        conversation_lengths={
            split: (min(lengths), median(lengths), max(lengths))
            for split, lengths in tally.lengths.items()
        },
        targets=dict(tally.targets),
        modalities=tuple(_modalities(store, tally)),
        warnings=tuple(_warnings(store, tally)),
    )


@dataclass
class _Tally:
    """What is counted while the rows go by."""

    names: Sequence[str]
    utterances: int = 0
    labels: dict[str, dict[str, int]] = field(default_factory=dict)
    speakers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    lengths: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    targets: Counter[str] = field(default_factory=Counter)
    tokens: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    hotspots: Counter[str] = field(default_factory=Counter)
    with_hotspots: Counter[str] = field(default_factory=Counter)
    scripts: dict[tuple[str, ...], set[str]] = field(default_factory=lambda: defaultdict(set))
    sentences: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, rows: Sequence[Mapping[str, Any]], modalities: Sequence[str]) -> None:
        """Count one conversation."""
        split = rows[0]["split"] or NO_SPLIT
        own = self.labels.setdefault(split, dict.fromkeys(self.names, 0))
        self.lengths[split].append(len(rows))
        script = tuple(row["text"] for row in rows if row["text"])
        if script:
            self.scripts[script].add(split)
        for row in rows:
            self.utterances += 1
            self.speakers[split].add(row["speaker"])
            if row["label"] is not None:
                own[row["label"]] += 1
            self.targets.update(name for name, _ in row["targets"])
            for modality in modalities:
                self.tokens[modality][row[f"{modality}:tokens"] or 0] += 1
            found = Counter(hotspot["modality"] for hotspot in row["hotspots"])
            self.hotspots.update(found)
            self.with_hotspots.update(found.keys())
            if len((row["text"] or "").split()) >= SHORT_TEXT:
                self.sentences[row["speaker"], row["text"]].add(split)


def _modalities(store: FeatureStore, tally: _Tally) -> Iterator[ModalityDescription]:
    for modality in dict.fromkeys((*store.features, *tally.hotspots)):
        feature = store.features.get(modality)
        counts = tally.tokens.get(modality, Counter({0: tally.utterances}))
        present = [count for count in counts.elements() if count > 0]
        yield ModalityDescription(
            modality=modality,
            extractor=feature.extractor if feature else "",
            version=feature.version if feature else "",
            dim=feature.dim if feature else 0,
            pooled=feature.pooled if feature else False,
            missing=counts[0] / tally.utterances,
            tokens_median=median(present) if present else 0.0,
            tokens_most=max(present, default=0),
            hotspots=tally.hotspots[modality] / tally.utterances,
            with_hotspots=tally.with_hotspots[modality] / tally.utterances,
            licence=feature.licence if feature else "",
        )


def _warnings(store: FeatureStore, tally: _Tally) -> Iterator[str]:
    yield from _leaks(tally)
    for split, counts in tally.labels.items():
        where = "the part without a split" if split == NO_SPLIT else split
        absent = [label for label, count in counts.items() if count == 0]
        if absent and any(counts.values()):
            yield f"{where} has no utterance labelled {', '.join(absent)}"
        if counts and not any(counts.values()):  # a corpus may have targets and no labels
            yield f"{where} has no labelled utterance"
    for modality, feature in store.features.items():
        if feature.pooled:
            yield (
                f"{modality} has one token an utterance ({feature.extractor}): hotspot-gated "
                "fusion cannot be tested on it"
            )


def _leaks(tally: _Tally) -> Iterator[str]:
    both = [script for script, splits in tally.scripts.items() if _leaked(splits)]
    if both:
        yield (
            f"{len(both)} conversations are in more than one split, word by word "
            f"(e.g. the one that begins {_quoted(both[0][0])})"
        )
    homes: dict[str, set[str]] = defaultdict(set)
    for split, names in tally.speakers.items():
        for name in names:
            homes[name].add(split)
    shared = sorted(name for name, splits in homes.items() if _leaked(splits))
    if shared:
        yield (
            f"{len(shared)} of {len(homes)} speakers are in more than one split "
            f"(e.g. {shared[0]}): the figures are not of unseen speakers"
        )
    twice = [key for key, splits in tally.sentences.items() if _leaked(splits)]
    if twice:
        speaker, text = twice[0]
        yield (
            f"{len(twice)} sentences of {SHORT_TEXT} words or more are said by the same speaker "
            f"in more than one split (e.g. {speaker}: {_quoted(text)})"
        )


def _leaked(splits: set[str]) -> bool:
    """Whether these are different splits; conversations without a split belong to none."""
    return len(splits - {NO_SPLIT}) > 1


def _quoted(text: str) -> str:
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'
