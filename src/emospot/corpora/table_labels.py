"""The label column of a table: names or numbers, and the label set they are from.

Labels may be names ("anger") or indices into a label set (3 of iemocap6).
An empty cell, a negative index or a name declared as "no label" means that the
utterance carries none; it stays in the conversation as context.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from emospot.corpora.table_columns import SourceTable
from emospot.emotions import LABEL_SETS, LabelSet, label_set
from emospot.errors import CorpusError

EMOTION = "emotion"


@dataclass(frozen=True, slots=True)
class TableLabels:
    """The labels of a table.

    Args:
        labels: of each row, None where it carries none.
        label_set: the set they are from.
    """

    labels: tuple[str | None, ...]
    label_set: LabelSet


def read_labels(
    table: SourceTable,
    *,
    corpus: str,
    set_name: str | None = None,
    order: Sequence[str] = (),
    no_label: Sequence[str] = (),
) -> TableLabels:
    """Read the label column.

    Args:
        table: the table.
        corpus: its name; a label set of its own is named after it.
        set_name: a known label set, or None.
        order: the labels of a set of its own, in the order of the logits.
            Without `set_name` and `order`, the set is the one known set that
            has exactly the names found, else the names found, sorted.
        no_label: names that mean "no label", e.g. "undecided".

    Raises:
        UsageError: if there is no label set `set_name`.
        CorpusError: if the column is missing or empty, a label is outside the
            set, or labels are numbers and no set is given.
    """
    if set_name is not None and order:
        raise CorpusError("give the name of a label set or the order of its labels, not both")
    cells = [None if cell in no_label else cell for cell in table.strings(EMOTION)]
    found = sorted({cell for cell in cells if cell is not None})
    numbers = bool(found) and all(_is_index(cell) for cell in found)
    chosen = _chosen(table, corpus, set_name, tuple(order), found, numbers)
    # Names that look like numbers are names where the set lists them.
    by_index = numbers and not set(found) & set(chosen.labels)
    labels = tuple(
        _from_index(table, row, cell, chosen) if by_index else _named(table, row, cell, chosen)
        for row, cell in enumerate(cells)
    )
    if not any(labels):
        raise CorpusError(f'{table.path}: no row has a label in column "{_theirs(table)}"')
    return TableLabels(labels, chosen)


def _chosen(
    table: SourceTable,
    corpus: str,
    set_name: str | None,
    order: tuple[str, ...],
    found: list[str],
    numbers: bool,
) -> LabelSet:
    if set_name is not None:
        return label_set(set_name)
    if order:
        if len(set(order)) < len(order):
            raise CorpusError(f"the order of labels names one twice: {', '.join(order)}")
        known = [one for one in LABEL_SETS.values() if one.labels == order]
        return known[0] if known else LabelSet(f"{corpus}{len(order)}", order)
    if numbers:
        raise CorpusError(
            f'{table.path}: the labels in column "{_theirs(table)}" are numbers '
            f"({', '.join(found[:5])}); name the label set they count in "
            f"({', '.join(LABEL_SETS)}) or give the labels in order, e.g. --labels calm,angry"
        )
    for one in LABEL_SETS.values():
        if set(one.labels) == set(found):
            return one
    return LabelSet(f"{corpus}{len(found)}", tuple(found))


def _named(table: SourceTable, row: int, cell: str | None, chosen: LabelSet) -> str | None:
    if cell is not None and cell not in chosen.labels:
        raise table.error(
            row,
            f'label "{cell}" is not in the label set {chosen.name} ({", ".join(chosen.labels)}); '
            "choose another set, or declare it as no label",
        )
    return cell


def _from_index(table: SourceTable, row: int, cell: str | None, chosen: LabelSet) -> str | None:
    index = -1 if cell is None else int(float(cell))
    if index < 0:
        return None
    if index >= len(chosen):
        raise table.error(
            row, f"label {cell} is outside the label set {chosen.name} (0 to {len(chosen) - 1})"
        )
    return chosen.labels[index]


def _is_index(cell: str) -> bool:
    # Tables that passed through a spreadsheet write 3 as 3.0.
    return re.fullmatch(r"-?\d+(\.0+)?", cell) is not None


def _theirs(table: SourceTable) -> str:
    return table.columns.get(EMOTION, EMOTION)
