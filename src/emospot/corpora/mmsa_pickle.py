"""Feature files of the MMSA family: `aligned_50.pkl` and `unaligned_50.pkl`.

H. Mao et al., "M-SENA: an integrated platform for multimodal sentiment
analysis", ACL demos 2022; github.com/thuiar/MMSA. A dictionary with "train",
"valid" and "test", each a dictionary of arrays over N utterances:

    raw_text            N texts
    text                (N, 50, 768)     outputs of BERT
    text_bert           (N, 3, 50)       its word numbers, mask and segments
    audio               (N, T, d)        74 numbers (MOSEI) or 5 (MOSI)
    vision              (N, T, d)        35 or 20
    audio_lengths, vision_lengths        N lengths; unaligned files only
    id                  N texts, "VIDEO$_$CLIP"
    regression_labels   N sentiments, -3 to 3
    annotations, classification_labels   not read: they follow from the sentiment

In aligned files T is 50, voice and face averaged over the words; in unaligned
ones they keep their own rates.

Padding is cut, because it is no content. Words end where the mask does (BERT
gives numbers for padding, too). Voice and face end at their last frame that is
not all zeros. The published lengths are not followed: they were computed as the
place of the first frame that sums to 0, so that they cut off whatever follows a
lost face; where that differs it is told.

A video is a conversation, its clips in the order of their numbers, spoken by
one person who is named after it. There are no times.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import FACE, VOICE, WORDS, Conversation, Tokens, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.mosei_splits import ID_SEPARATOR
from emospot.corpora.mosei_targets import SENTIMENT, named_targets
from emospot.corpora.ready_made import ReadyMade, file_version, without_padding
from emospot.emotions import NO_LABELS
from emospot.errors import CorpusError

SPLITS = {"train": "train", "valid": "dev", "test": "test"}
"""Names of splits in the file and ours for them."""

FEATURES = {WORDS: "text", VOICE: "audio", FACE: "vision"}
"""Our modalities and their names in the file."""

LABELS = "regression_labels"
MASK = 1
"""Place of the mask in `text_bert`."""


def is_mmsa(content: object) -> bool:
    """Whether a pickle's content has the structure of this family."""
    return isinstance(content, Mapping) and any(
        isinstance(content.get(split), Mapping) and LABELS in content[split] for split in SPLITS
    )


def mmsa_corpus(path: Path, content: object, name: str) -> Corpus:
    """The content of an MMSA pickle as a corpus.

    Args:
        path: the file, for errors and to identify its features.
        content: what `read_pickle` gave.
        name: of the corpus, "mosei" or "mosi".

    Returns:
        No single labels; the target "sentiment".

    Raises:
        CorpusError: if a part is missing, or parts do not fit each other.
    """
    splits = _mapping(path, content, "the file")
    version = file_version(path)
    made = {m: ReadyMade(m, f"{path.stem}:{theirs}", version) for m, theirs in FEATURES.items()}
    reader = _Reader(path, made)
    conversations = tuple(
        conversation
        for theirs, split in SPLITS.items()
        if theirs in splits
        for conversation in reader.conversations(theirs, split, splits[theirs])
    )
    used = {m: one for m, one in made.items() if one.present}
    if not used:
        raise CorpusError(f"{path} has none of {', '.join(FEATURES.values())}; get the file again")
    return Corpus(
        name,
        f"{name}-mmsa",
        NO_LABELS,
        tuple(_only(one, used) for one in conversations),
        {m: one.description() for m, one in used.items()},
        (*reader.notices(), *(text for one in used.values() for text in one.notices())),
    )


def _only(one: CorpusConversation, used: Mapping[str, ReadyMade]) -> CorpusConversation:
    return CorpusConversation(one.conversation, {m: one.tokens[m] for m in used})


@dataclass
class _Reader:
    """Reads one file; remembers what is told at the end."""

    path: Path
    made: Mapping[str, ReadyMade]
    shortened: dict[str, list[str]] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)

    def conversations(
        self, theirs: str, split: str, content: object
    ) -> Iterator[CorpusConversation]:
        part = _mapping(self.path, content, f'"{theirs}"')
        where = f'{self.path}, "{theirs}"'
        if LABELS not in part or "id" not in part:
            raise CorpusError(
                f'{where} needs "id" and "{LABELS}"; found: {", ".join(map(str, part))}'
            )
        ids = [str(one) for one in part["id"]]
        self._check_lengths(where, part, len(ids))
        videos: dict[str, list[int]] = {}
        for row, identity in enumerate(ids):
            video, separator, clip = identity.rpartition(ID_SEPARATOR)
            if not (video and separator and clip):
                raise CorpusError(
                    f'{where}, row {row + 1}: id "{identity}" is not of the form '
                    f"VIDEO{ID_SEPARATOR}CLIP"
                )
            videos.setdefault(video, []).append(row)
        for video, rows in videos.items():
            rows.sort(key=lambda row: _clip_order(ids[row]))
            if self.homes.setdefault(video, split) != split:
                self.twice.append(video)
            identity = video if self.homes[video] == split else f"{video} ({split})"
            yield CorpusConversation(
                Conversation(
                    identity,
                    tuple(self._utterance(where, part, row, ids[row]) for row in rows),
                    split=split,
                ),
                {m: tuple(self._tokens(where, part, m, row) for row in rows) for m in self.made},
            )

    def notices(self) -> Iterator[str]:
        for modality, places in self.shortened.items():
            yield (
                f"{modality} of {len(places)} utterances goes on after its published length "
                f"(first: {places[0]}); it is kept to its last frame that is not all zeros"
            )
        if self.twice:
            yield (
                f"{len(self.twice)} videos are in two splits (first: {self.twice[0]}): figures "
                "on this file are not of unseen speakers"
            )

    def _check_lengths(self, where: str, part: Mapping[str, Any], count: int) -> None:
        lengths = (f"{theirs}_lengths" for theirs in FEATURES.values())
        for key in (LABELS, "raw_text", "text_bert", *FEATURES.values(), *lengths):
            if key in part and len(part[key]) != count:
                raise CorpusError(
                    f'{where}: "{key}" has {len(part[key])} rows, "id" has {count}; get the file '
                    "again"
                )

    def _utterance(
        self, where: str, part: Mapping[str, Any], row: int, identity: str
    ) -> Utterance:
        place = f"{where}, {identity}"
        try:
            sentiment = float(np.asarray(part[LABELS][row], dtype=float).item())
        except (TypeError, ValueError) as error:
            raise CorpusError(f"{place}: the sentiment must be one number ({error})") from error
        video, _, clip = identity.rpartition(ID_SEPARATOR)
        text = str(part["raw_text"][row]).strip() if "raw_text" in part else ""
        targets = named_targets((SENTIMENT,), (sentiment,), place)
        return Utterance(clip, video, text=text or None, targets=targets)

    def _tokens(
        self, where: str, part: Mapping[str, Any], modality: str, row: int
    ) -> Tokens | None:
        theirs = FEATURES[modality]
        if theirs not in part:
            return None
        place = f"{where}, row {row + 1}"
        values = np.asarray(part[theirs][row])
        if values.ndim == 2 and modality == WORDS and "text_bert" in part:
            values = values[_mask(part["text_bert"][row], len(values), place)]
        elif values.ndim == 2:
            length = _length(part.get(f"{theirs}_lengths"), row, len(values))
            beyond = np.nan_to_num(values[length:], neginf=0.0)
            if beyond.any():
                self.shortened.setdefault(modality, []).append(place)
            values = without_padding(values)
        return self.made[modality].tokens(values, place)


def _mapping(path: Path, content: object, what: str) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise CorpusError(f"{path}: {what} must be a mapping, found a {type(content).__name__}")
    return content


def _mask(numbers: Any, length: int, place: str) -> NDArray[np.bool_]:
    """Which of the 50 places of an utterance hold word pieces."""
    found = np.asarray(numbers)
    if found.shape != (3, length):
        raise CorpusError(f"{place}: text_bert has shape {found.shape}, expected (3, {length})")
    return np.asarray(found[MASK] > 0)


def _length(lengths: Sequence[Any] | None, row: int, rows: int) -> int:
    return rows if lengths is None else int(lengths[row])


def _clip_order(identity: str) -> tuple[int, int, str]:
    """Numbers by their value, names after them."""
    clip = identity.rpartition(ID_SEPARATOR)[2]
    return (0, int(clip), clip) if clip.isdecimal() else (1, 0, clip)
