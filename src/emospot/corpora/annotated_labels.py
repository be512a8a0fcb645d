"""The labels of annotation files, and the set they are from.

The set is the one that is named; else the one that the files let choose from (ELAN's
controlled vocabulary, in its order, which is that of the model that was corrected); else the
known set that has exactly the labels found, or these, sorted. Upper and lower case are the
same. "unsure" is no label, nor is what the user calls so.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emospot.corpora.annotated_tiers import Annotated, AnnotatedTalk
from emospot.emotions import LABEL_SETS, UNSURE, LabelSet, label_set
from emospot.errors import CorpusError, UsageError


@dataclass(frozen=True, slots=True)
class AnnotatedLabels:
    """What labels can be.

    Args:
        label_set: the set.
        none: what means "no label", in lower case.
        found: whether the set is made of what was found, so that a slip of the pen is a
            label of its own.
    """

    label_set: LabelSet
    none: frozenset[str]
    found: bool = False

    def of(self, path: Path, emotion: Annotated | None) -> str | None:
        """The label of an annotation, None where it means none.

        Raises:
            CorpusError: if it is not in the set; names file, tier, time and the set.
        """
        said = _plain(emotion.interval.text) if emotion is not None else ""
        if emotion is None or not said or said in self.none:
            return None
        ours = {label.lower(): label for label in self.label_set.labels}
        if said not in ours:
            near = difflib.get_close_matches(said, ours, 1)
            meant = f'; did you mean "{ours[near[0]]}"?' if near else "."
            raise CorpusError(
                f'{path}, {emotion.place}: label "{emotion.interval.text.strip()}" is not in the '
                f"label set {self.label_set.name} ({', '.join(self.label_set.labels)}){meant} "
                "Correct it, name another set by --label-set or --labels, or say by --no-label "
                "that it means none"
            )
        return ours[said]


def annotated_labels(
    talks: Mapping[Path, AnnotatedTalk],
    *,
    corpus: str,
    set_name: str | None = None,
    order: Sequence[str] = (),
    no_label: Iterable[str] = (),
) -> AnnotatedLabels:
    """The label set of annotation files.

    Args:
        talks: file → what it says.
        corpus: name of the corpus, after which a set of its own is called.
        set_name: a known label set, or None.
        order: the labels of a set of its own, in the order of the logits.
        no_label: what means "no label" besides "unsure".

    Raises:
        UsageError: if there is no such set, or both a set and an order are given.
        CorpusError: if the files let choose from different labels, or none is labelled.
    """
    none = frozenset((UNSURE, *(_plain(text) for text in no_label)))
    if set_name is not None and order:
        raise UsageError("give either --label-set or --labels, not both")
    if set_name is not None:
        return AnnotatedLabels(label_set(set_name), none)
    if order:
        if len({one.lower() for one in order}) < len(order):
            raise UsageError(f"the order of labels names one twice: {', '.join(order)}")
        return AnnotatedLabels(_known(tuple(order), corpus), none)
    chosen: dict[tuple[str, ...], Path] = {}
    for path, talk in talks.items():
        choices = tuple(one for one in talk.choices if one and _plain(one) not in none)
        if choices:
            chosen.setdefault(choices, path)
    if len(chosen) > 1:
        (first, one), (second, other) = list(chosen.items())[:2]
        raise CorpusError(
            f"{one} lets choose from {', '.join(first)}, and {other} from {', '.join(second)}: "
            "name the labels of all by --labels"
        )
    if chosen:
        return AnnotatedLabels(_known(next(iter(chosen)), corpus), none)
    said: dict[str, str] = {}
    for talk in talks.values():
        for emotion in talk.emotions:
            said.setdefault(_plain(emotion.interval.text), emotion.interval.text.strip())
    found = sorted(said[plain] for plain in said if plain not in none)
    if not found:
        raise CorpusError(f"{next(iter(talks))}: nothing is labelled; is it the right file?")
    for known in LABEL_SETS.values():
        if set(known.labels) == {label.lower() for label in found}:
            return AnnotatedLabels(known, none, found=True)
    return AnnotatedLabels(_known(tuple(found), corpus), none, found=True)


def _known(labels: tuple[str, ...], corpus: str) -> LabelSet:
    same = [one for one in LABEL_SETS.values() if one.labels == labels]
    return same[0] if same else LabelSet(f"{corpus}{len(labels)}", labels)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
