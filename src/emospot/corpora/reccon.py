"""RECCON: which words caused an emotion (text, two speakers).

S. Poria et al., "Recognizing emotion cause in conversations", Cognitive
Computation 2021. The folder `data/original_annotation` of the release holds
dialogues of two older corpora, annotated anew:

    dailydialog_train.json, _valid, _test    834 / 47 / 225 dialogues
    iemocap_test.json                        16 dialogues

    {dialogue: [[{"turn": 1, "speaker": "A", "utterance": .., "emotion": ..,
                  "expanded emotion cause evidence": [1, "b"],
                  "expanded emotion cause span": ["words of turn 1", "b"], ..}, ..]]}

Where an emotion has causes, `evidence` names the turns (from 1) that hold them
and `span` their words; "b" means a cause beyond the text.

The words are found again in their turns and become the marked spans of the
corpus: right answers to score a hotspot detector with. `read_causes` gives them
with the turn whose emotion they caused.

The 16 dialogues of IEMOCAP are called a test, but 13 of them are of sessions 1
to 4, with which models of that corpus are trained.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from emospot.conversation import WORDS, Conversation, Hotspot, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.json_file import Node, read_json
from emospot.emotions import DAILYDIALOG7, IEMOCAP6, LabelSet
from emospot.errors import CorpusError, UsageError

NAME = "reccon"
FOLDER = "data/original_annotation"
CAUSE = "cause"
"""What fires the marked spans."""

BEYOND_TEXT = "b"
EVIDENCE = "expanded emotion cause evidence"
SPAN = "expanded emotion cause span"

_MISSPELT = {
    "happy": "happiness", "happines": "happiness", "sad": "sadness", "angry": "anger",
    "surprised": "surprise",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One of the two sources of the dialogues.

    Args:
        files: file → split.
        label_set: of its emotions.
        names: emotion in the file → label, where they differ.
        misspelt: whether `names` are slips (told) and not the corpus' own names.
        notices: what is to be known of it.
    """

    files: Mapping[str, str]
    label_set: LabelSet
    names: Mapping[str, str]
    misspelt: bool
    notices: tuple[str, ...] = ()


PARTS = {
    "dailydialog": Part(
        {
            "dailydialog_train.json": "train",
            "dailydialog_valid.json": "dev",
            "dailydialog_test.json": "test",
        },
        DAILYDIALOG7,
        _MISSPELT,
        misspelt=True,
    ),
    "iemocap": Part(
        {"iemocap_test.json": "test"},
        IEMOCAP6,
        {**_MISSPELT, "frustrated": "frustration"},
        misspelt=False,
        notices=(
            "13 of the 16 dialogues are of sessions 1 to 4 of IEMOCAP, its training data: do not "
            "test a model with them that was trained on IEMOCAP",
        ),
    ),
}
"""Source of the dialogues → its files and labels."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Words that caused an emotion.

    Args:
        conversation: id of the conversation.
        emotion_of: id of the utterance with the emotion.
        utterance: id of the utterance with the words.
        char_start: index of their first character in that utterance's text.
        char_end: index after their last character.
    """

    conversation: str
    emotion_of: str
    utterance: str
    char_start: int
    char_end: int


def read_reccon(source: Path, task: str = "dailydialog") -> Corpus:
    """Read one part of RECCON.

    Args:
        source: folder of the JSON files, or of the release.
        task: "dailydialog" (label set `dailydialog7`) or "iemocap" (`iemocap6`).

    Returns:
        A corpus with the words of the causes as marked spans.

    Raises:
        UsageError: if there is no such part.
        CorpusError: if a file is missing or not as published.
    """
    part = _part(task)
    changed: Counter[str] = Counter()
    conversations = []
    for path, split in _files(source, part).items():
        for identity, turns in _dialogues(path):
            utterances = tuple(_utterance(identity, turn, part, changed) for turn in turns)
            conversations.append(
                CorpusConversation(
                    Conversation(identity, utterances, split=split),
                    marked=_marked(utterances, _causes(identity, turns)),
                )
            )
    notices = (*part.notices, *_told(changed, part))
    return Corpus(
        f"{NAME}-{task}", f"{NAME}-{task}", part.label_set, tuple(conversations), notices=notices
    )


def read_causes(source: Path, task: str = "dailydialog") -> tuple[Cause, ...]:
    """Read which words caused which emotion; causes beyond the text are left out.

    Args:
        source: as in `read_reccon`.
        task: as in `read_reccon`.

    Raises:
        UsageError: as `read_reccon`.
        CorpusError: as `read_reccon`.
    """
    return tuple(
        cause
        for path in _files(source, _part(task))
        for identity, turns in _dialogues(path)
        for cause in _causes(identity, turns)
    )


def _part(task: str) -> Part:
    try:
        return PARTS[task]
    except KeyError:
        raise UsageError(f'no part "{task}" of RECCON; known: {", ".join(PARTS)}') from None


def _files(source: Path, part: Part) -> dict[Path, str]:
    folder = source / FOLDER if (source / FOLDER).is_dir() else source
    files = {folder / name: split for name, split in part.files.items()}
    missing = [path.name for path in files if not path.is_file()]
    if missing:
        raise CorpusError(
            f"{folder} has no {', '.join(missing)}; name the folder {FOLDER} of the release"
        )
    return files


def _dialogues(path: Path) -> Iterator[tuple[str, list[Node]]]:
    root = read_json(path)
    for identity in root.as_kind(dict):
        inner = root.get(identity).items("list")
        if len(inner) != 1:
            raise root.error(
                f'"{identity}": expected one list of turns in a list, found {len(inner)}'
            )
        turns = inner[0].items("turn")
        if not turns:
            raise root.error(f'"{identity}" has no turns; get the file again')
        for number, turn in enumerate(turns, start=1):
            found = turn.get("turn").as_kind(int)
            if found != number:
                raise turn.error(f'is numbered {found} by "turn", expected {number}')
        yield identity, turns


def _utterance(identity: str, turn: Node, part: Part, changed: Counter[str]) -> Utterance:
    found = turn.get("emotion").as_kind(str)
    label = part.names.get(found, found)
    known = label in part.label_set.labels
    if not known and not any(label in other.label_set.labels for other in PARTS.values()):
        raise turn.error(f'emotion "{found}" is none of {", ".join(part.label_set.labels)}')
    if not known or (part.misspelt and label != found):
        changed[found] += 1
    return Utterance(
        id=str(turn.get("turn").as_kind(int)),
        # A of one dialogue is not A of another.
        speaker=f"{identity} {turn.get('speaker').as_kind(str)}",
        text=turn.get("utterance").as_kind(str) or None,
        label=label if known else None,
    )


def _told(changed: Counter[str], part: Part) -> Iterator[str]:
    slips = {found: n for found, n in changed.items() if found in part.names}
    if slips:
        listed = ", ".join(f"{found} → {part.names[found]} ({n})" for found, n in slips.items())
        yield f"misspelt emotions are repaired: {listed}"
    foreign = {found: n for found, n in changed.items() if found not in part.names}
    if foreign:
        listed = ", ".join(f"{found} ({n})" for found, n in foreign.items())
        yield f"emotions outside the label set are no label: {listed}"


def _causes(identity: str, turns: list[Node]) -> Iterator[Cause]:
    for turn in turns:
        if EVIDENCE not in turn.as_kind(dict):
            continue
        evidence, spans = turn.get(EVIDENCE).items("entry"), turn.get(SPAN).items("entry")
        if len(evidence) != len(spans):
            raise turn.error(
                f"{len(evidence)} turns of causes, but {len(spans)} spans; get the file again"
            )
        for where, span in zip(evidence, spans, strict=True):
            if where.value == BEYOND_TEXT:
                continue
            number = where.as_kind(int)
            if not 1 <= number <= len(turns):
                raise where.error(f"there is no turn {number} (1 to {len(turns)})")
            yield _found(identity, turn, turns[number - 1], span)


def _found(identity: str, turn: Node, holder: Node, span: Node) -> Cause:
    words, text = span.as_kind(str), holder.get("utterance").as_kind(str)
    # The first place: a few spans stand twice in their turn, and nothing tells which is meant.
    at = text.find(words) if words.strip() else -1
    if at < 0:
        raise span.error(
            f'"{words}" is not in turn {holder.get("turn").value} word by word; get the file again'
        )
    return Cause(
        identity,
        emotion_of=str(turn.get("turn").value),
        utterance=str(holder.get("turn").value),
        char_start=at,
        char_end=at + len(words),
    )


def _marked(
    utterances: tuple[Utterance, ...], causes: Iterator[Cause]
) -> tuple[tuple[Hotspot, ...], ...]:
    """The spans of each utterance in order, each once, however many emotions it caused."""
    spans: dict[str, set[tuple[int, int]]] = {utterance.id: set() for utterance in utterances}
    for cause in causes:
        spans[cause.utterance].add((cause.char_start, cause.char_end))
    return tuple(
        tuple(Hotspot(WORDS, None, None, 1.0, CAUSE, a, b) for a, b in sorted(spans[one.id]))
        for one in utterances
    )
