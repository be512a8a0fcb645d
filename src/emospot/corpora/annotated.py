"""Corrected analyses and other annotations (ELAN, Praat) as a corpus: the loop is closed.

`emospot analyze --export eaf` or `textgrid` writes what the model thinks; a person corrects
emotions and moments; this reader makes a corpus of it. Emotions become labels, tiers of
hotspots become marked moments (`--marks voice=corpus`), the rest of a file is as it was.
See docs/annotation.md.
"""

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlparse

from emospot.conversation import Conversation, Utterance
from emospot.conversation.build import conversation_from_transcript
from emospot.corpora.annotated_labels import AnnotatedLabels, annotated_labels
from emospot.corpora.annotated_marks import marks_of_utterances
from emospot.corpora.annotated_tiers import ROLES, AnnotatedTalk, Emotions, read_talk
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.table_columns import read_table
from emospot.corpora.table_conversations import SPLITS, listed_recording, listed_split
from emospot.errors import CorpusError, UsageError
from emospot.files import stem
from emospot.media.annotation_file import ANNOTATION_SUFFIXES, AnnotationFile, read_annotations
from emospot.media.transcript_types import Transcript

KIND = "annotated"


@dataclass(frozen=True, slots=True)
class AnnotatedOptions:
    """How to read annotation files.

    Args:
        name: of the corpus.
        label_set: name of the label set, or None.
        labels: or the labels of a set of its own, in the order of the logits.
        no_label: what means "no label" besides "unsure" and nothing.
        tiers: name of a tier → what it holds (`annotated_tiers.ROLES`).
        media: the recording (of one file), or the folder of the recordings; None: as the
            files say, or beside them under the same name.
        split: of files that the list does not name: "train", "dev", "test", or None.
        listed: a table with the column `file` and any of `split`, `media` and `dialogue`.
    """

    name: str = KIND
    label_set: str | None = None
    labels: tuple[str, ...] = ()
    no_label: tuple[str, ...] = ()
    tiers: Mapping[str, str] = field(default_factory=dict)
    media: Path | None = None
    split: str | None = None
    listed: Path | None = None

    def __post_init__(self) -> None:
        for name, role in self.tiers.items():
            if role not in ROLES:
                raise UsageError(
                    f'tier "{name}" cannot be "{role}": expected one of {", ".join(ROLES)}'
                )
        if self.split is not None and self.split.lower() not in SPLITS:
            raise UsageError(f'split "{self.split}": expected train, dev or test')


@dataclass(frozen=True, slots=True)
class _Listed:
    """What is listed of a file."""

    split: str | None = None
    media: Path | None = None
    dialogue: str | None = None


def read_annotated(sources: Sequence[Path], options: AnnotatedOptions | None = None) -> Corpus:
    """Read annotation files, a conversation each.

    Args:
        sources: TextGrids and ELAN files, or folders of them.
        options: how to read them.

    Raises:
        CorpusError: if a file holds no emotions, a label is not in the label set, two files
            are one dialogue, or a recording that is named is not there.
        TranscriptError: if a file cannot be read.
        UsageError: if the options contradict each other.
    """
    options = options or AnnotatedOptions()
    paths = _files(sources)
    if options.media is not None and options.media.is_file() and len(paths) > 1:
        raise UsageError("--media is one recording, of several files: name their folder")
    listed = _read_list(options.listed, paths) if options.listed is not None else {}
    files = {path: read_annotations(path) for path in paths}
    talks = {path: read_talk(file, options.tiers) for path, file in files.items()}
    _check_roles(files, options)
    labels = annotated_labels(
        talks,
        corpus=options.name,
        set_name=options.label_set,
        order=options.labels,
        no_label=options.no_label,
    )
    notices: list[str] = []
    if labels.found:
        names = ", ".join(labels.label_set.labels)
        notices.append(f"the label set is what was found: {names}; name one by --label-set")
    conversations: dict[str, tuple[Path, CorpusConversation]] = {}
    for path, file in files.items():
        known = listed.get(path, _Listed())
        name = known.dialogue or stem(path.name)
        if name in conversations:
            raise CorpusError(
                f'{conversations[name][0]} and {path} are both the dialogue "{name}": rename '
                "one, or give them names in the column dialogue of --list"
            )
        split = known.split or options.split
        media = known.media or _recording(file, options, notices)
        own = _conversation(name, file, talks[path], labels, notices)
        whole = replace(
            own.conversation, media=media, split=SPLITS[split.lower()] if split else None
        )
        conversations[name] = (path, replace(own, conversation=whole))
    return Corpus(
        options.name,
        KIND,
        labels.label_set,
        tuple(one for _, one in conversations.values()),
        notices=tuple(notices),
    )


def _conversation(
    name: str,
    file: AnnotationFile,
    talk: AnnotatedTalk,
    labels: AnnotatedLabels,
    notices: list[str],
) -> CorpusConversation:
    transcript = Transcript(talk.segments, talk.notices)
    conversation, told = conversation_from_transcript(transcript, conversation_id=name)
    notices += told
    if not conversation.utterances:
        raise CorpusError(f"{file.path}: nobody says or feels anything in it")
    emotions = Emotions(talk.emotions)
    labelled = tuple(
        _labelled(utterance, file.path, emotions, labels, notices)
        for utterance in conversation.utterances
    )
    # Speakers without labels are told: their tier of emotions may have got another name.
    for speaker in conversation.speakers:
        own = [one for one in labelled if one.speaker == speaker]
        if not any(emotions.of(one)[0] for one in own):
            notices.append(
                f'{file.path.name}: the {len(own)} utterances of "{speaker}" have no emotions, '
                "also no unsure ones"
            )
    marks, lost = marks_of_utterances(labelled, talk.hotspots)
    if lost:
        notices.append(f"{file.path.name}: {lost} marked moments lie in no utterance")
    return CorpusConversation(
        Conversation(name, labelled), marked=tuple(tuple(own) for own in marks)
    )


def _labelled(
    utterance: Utterance,
    path: Path,
    emotions: Emotions,
    labels: AnnotatedLabels,
    notices: list[str],
) -> Utterance:
    first, other = emotions.of(utterance)
    if first is not None and other is not None:
        notices.append(
            f"{path.name}, {first.place}: one utterance has two emotions, "
            f'"{first.interval.text.strip()}" and "{other.interval.text.strip()}"; the longer one '
            "was taken (split the utterance to keep both)"
        )
    return replace(utterance, label=labels.of(path, first))


def _files(sources: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for source in sources:
        if source.is_dir():
            own = sorted(p for p in source.iterdir() if p.suffix.lower() in ANNOTATION_SUFFIXES)
            if not own:
                raise CorpusError(f"{source} holds no ELAN file (.eaf) and no TextGrid")
            found += own
        else:
            found.append(source)
    if not found:
        raise UsageError("no annotation file: name ELAN files (.eaf), TextGrids, or a folder")
    return list(dict.fromkeys(found))


def _check_roles(files: Mapping[Path, AnnotationFile], options: AnnotatedOptions) -> None:
    there = {tier.name for file in files.values() for tier in file.tiers}
    for name in options.tiers:
        if name not in there:
            names = ", ".join(f'"{tier}"' for tier in sorted(there))
            raise UsageError(f'no file has a tier "{name}"; there are {names}')


def _read_list(path: Path, files: Sequence[Path]) -> dict[Path, _Listed]:
    """File → what the list says of it."""
    table = read_table(path, {})
    by_place = {file.resolve(): file for file in files}
    splits, media, dialogues = (
        table.strings(name) if table.has(name) else [None] * len(table)
        for name in ("split", "media", "dialogue")
    )
    found: dict[Path, _Listed] = {}
    for row, name in enumerate(table.strings("file")):
        if name is None:
            raise table.error(row, "file is empty; fill it in or delete the row")
        own = by_place.get((path.parent / name).resolve())
        own = own or next((file for file in files if file.name == name), None)
        if own is None:
            raise table.error(row, f'"{name}" is none of the files that are imported')
        split = listed_split(table, row, splits[row])
        found[own] = _Listed(split, listed_recording(table, row, media[row]), dialogues[row])
    return found


def _recording(file: AnnotationFile, options: AnnotatedOptions, notices: list[str]) -> Path | None:
    """The recording of a file: in the folder that is named, where the file says, beside it."""
    asked, path = options.media, file.path
    if asked is not None and not asked.exists():
        raise CorpusError(f"--media {asked} is not there: name the recording or its folder")
    if asked is not None and asked.is_file():
        return asked.resolve()
    linked = [_as_path(address) for address in file.media]
    places = [asked / one.name for one in linked] if asked else [path.parent / o for o in linked]
    folder = asked or path.parent
    places += sorted(
        one
        for one in folder.iterdir()
        if stem(one.name) == stem(path.name) and _is_media(one.name)
    )
    found = next((one for one in places if one.is_file()), None)
    if found is not None:
        return found.resolve()
    if asked is not None:
        names = [*(one.name for one in linked), f"{stem(path.name)} with any ending"]
        raise CorpusError(
            f"{asked} has no recording of {path.name} (expected {' or '.join(names)}): name it in "
            "the column media of --list"
        )
    notices.append(f"{path.name}: its recording was not found, so only its words can be read")
    return None


def _as_path(address: str) -> Path:
    """The path of an address as ELAN writes it, file:/// or relative."""
    if address.startswith("file:"):
        return Path(unquote(urlparse(address).path))
    return Path(address)


def _is_media(name: str) -> bool:
    return (mimetypes.guess_type(name)[0] or "").startswith(("audio/", "video/"))
