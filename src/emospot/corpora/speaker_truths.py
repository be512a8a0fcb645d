"""Where it is known who speaks when: what telling voices apart is measured on.

- Talks cut from clips of RAVDESS (`ravdess_talks`): sound, exact truth. Thresholds are
  taken from talks of one half of the actors, figures from talks of the other half.
- Dialogues of IEMOCAP: two people in real conversation. There is no sound in the data
  folder, but one GE2E embedding an utterance, so only whether utterances are given to
  the right one of the voices can be measured.

Both are acted, and for research only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.corpora.ravdess_talks import (
    FITTING_ACTORS,
    SPEAKERS,
    TESTING_ACTORS,
    Talk,
    talks,
)
from emospot.corpora.table_columns import read_table

CLIPS = Path("ravdess/speech16k")
UTTERANCES = Path("iemocap/iemocap.parquet")
FITTING_EACH = 2
TESTING_EACH = 3
TALKS = 2 * (2 * len(SPEAKERS) - 1) * (FITTING_EACH + TESTING_EACH)
"""How many there are together."""


@dataclass(frozen=True, slots=True)
class VoicedDialogue:
    """The utterances of a dialogue that have a voice embedding.

    Args:
        name: of the dialogue.
        turns: start and end in seconds and speaker of each utterance, in turn order.
        embeddings: of length 1, shape (n, 256).
    """

    name: str
    turns: tuple[tuple[float, float, str], ...]
    embeddings: NDArray[np.float32]


def talks_for_thresholds(data: Path) -> Iterator[Talk]:
    """The talks that thresholds are taken from.

    Args:
        data: the folder that EMOSPOT_DATA names.

    Raises:
        CorpusError: if the clips are not there.
    """
    return talks(data / CLIPS, FITTING_ACTORS, each=FITTING_EACH)


def talks_for_figures(data: Path) -> Iterator[Talk]:
    """The talks that figures are taken from; see `talks_for_thresholds`."""
    return talks(data / CLIPS, TESTING_ACTORS, each=TESTING_EACH)


def voiced_dialogues(data: Path) -> list[VoicedDialogue]:
    """Real dialogues of two with an embedding an utterance; see `talks_for_thresholds`."""
    table = read_table(data / UTTERANCES, {})
    voices = table.vectors("audio_ge2e")
    names, speakers = table.strings("dialogue"), table.strings("speaker")
    starts, ends = table.numbers("start"), table.numbers("end")
    positions = table.numbers("position")
    rows: dict[str, list[tuple[float, int]]] = {}
    for row, name in enumerate(names):
        if voices.present[row]:
            rows.setdefault(str(name), []).append((positions[row] or 0.0, row))
    found = []
    for name, placed in sorted(rows.items()):
        own = [row for _, row in sorted(placed)]
        turns = tuple((starts[r] or 0.0, ends[r] or 0.0, str(speakers[r])) for r in own)
        found.append(VoicedDialogue(name, turns, voices.values[own].astype(np.float32)))
    return found
