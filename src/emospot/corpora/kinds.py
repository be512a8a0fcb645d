"""The corpora that can be imported, by the names that the command line uses.

Nothing is imported before a corpus is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from emospot.errors import UsageError

if TYPE_CHECKING:
    from emospot.corpora.corpus import Corpus


@dataclass(frozen=True, slots=True)
class CorpusKind:
    """A corpus and its reader.

    Args:
        name: as on the command line.
        title: one line about it.
        source: what is to be named as the source.
        reader: the reader's module in this room and its name.
        example: a source and options, as they would be typed.
        tasks: which label sets can be asked for, the default first; empty
            where there is no choice.
        options: option → what it is, for the command line; a keyword of the
            reader.
        worlds: sources that are names, not paths.
    """

    name: str
    title: str
    source: str
    reader: tuple[str, str]
    example: str
    tasks: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    worlds: tuple[str, ...] = ()

    def read(
        self,
        source: Path,
        task: str | None = None,
        *,
        splits: Path | None = None,
        tokens: str | None = None,
    ) -> "Corpus":
        """Read the corpus.

        Args:
            source: see `source`.
            task: one of `tasks`; None takes the first.
            splits: see the reader; None leaves it to the reader.
            tokens: see the reader; None leaves it to the reader.

        Raises:
            UsageError: if there is no such task, or no such option for this
                corpus.
            CorpusError: if the source is not as published.
        """
        if task is not None and task not in self.tasks:
            known = ", ".join(self.tasks) or "none can be chosen for this corpus"
            raise UsageError(f'there is no task "{task}"; known: {known}')
        given: dict[str, Any] = {"splits": splits, "tokens": tokens}
        asked = {name: value for name, value in given.items() if value is not None}
        for name in asked:
            if name not in self.options:
                raise UsageError(f"{self.name} has no option --{name}; leave it out")
        if self.tasks:
            asked["task"] = task or self.tasks[0]
        module, name = self.reader
        reader = getattr(import_module(f"emospot.corpora.{module}"), name)
        return cast("Corpus", reader(source, **asked))


CSD_OPTIONS = {
    "splits": "File of the splits, for .csd files.",
    "tokens": "For .csd files: word (averages over words) or frame.",
}

KINDS = (
    CorpusKind(
        "iemocap",
        "IEMOCAP: two actors, acted and improvised, words, voice and face.",
        "The folder IEMOCAP_full_release, or a published feature file (.pkl).",
        ("iemocap", "read_iemocap"),
        "IEMOCAP_full_release --task 4-way --voice ge2e",
        ("6-way", "4-way", "4-way-merged"),
    ),
    CorpusKind(
        "meld",
        "MELD: scenes of a series with many speakers, words, voice and face.",
        "The folder with the CSV files and clips, or a published feature file (.pkl).",
        ("meld", "read_meld"),
        "MELD.Raw --task emotions --voice ge2e --missing absent",
        ("emotions", "sentiment"),
    ),
    CorpusKind(
        "emorynlp",
        "EmoryNLP: scenes of the same series with other labels, words (and clips).",
        "The folder of the release or one of its JSON or CSV files.",
        ("emorynlp", "read_emorynlp"),
        "emotion-detection/json",
    ),
    CorpusKind(
        "dailydialog",
        "DailyDialog: written small talk of two, words alone.",
        "The folder ijcnlp_dailydialog, its archives unpacked.",
        ("dailydialog", "read_dailydialog"),
        "ijcnlp_dailydialog",
    ),
    CorpusKind(
        "reccon",
        "RECCON: which words caused an emotion, in one of two corpora.",
        "The folder of its JSON files.",
        ("reccon", "read_reccon"),
        "RECCON/data/original_annotation --task dailydialog",
        ("dailydialog", "iemocap"),
    ),
    CorpusKind(
        "ravdess",
        "RAVDESS: 24 actors, two sentences, eight emotions, clips.",
        "The folder of the clips.",
        ("ravdess", "read_ravdess"),
        "ravdess --voice ge2e",
    ),
    CorpusKind(
        "ravdess-conversations",
        "Conversations cut from clips of RAVDESS: an actor, mostly neutral, voice.",
        "The folder of the clips.",
        ("ravdess_conversations", "read_ravdess_conversations"),
        "ravdess --words none --voice basic:0.1",
    ),
    CorpusKind(
        "ravdess-faces",
        "Turns of still faces: action units of RAVDESS clips, mostly neutral.",
        "The folder of the table of action units.",
        ("ravdess_faces", "read_ravdess_faces"),
        "ravdess --words none --detector units",
    ),
    CorpusKind(
        "planted",
        "Drawn conversations whose emotions, hotspots and best score are known.",
        "A world (easy, standard, hard, long) or a YAML file of its dials.",
        ("planted", "read_planted"),
        "standard --words none",
        worlds=("easy", "standard", "hard", "long"),
    ),
    CorpusKind(
        "mosei",
        "CMU-MOSEI: speakers to the camera, sentiment and six emotions.",
        "A pickle of features, a .csd file, or a folder of these.",
        ("mosei", "read_mosei"),
        "aligned_50.pkl",
        options=CSD_OPTIONS,
    ),
    CorpusKind(
        "mosi",
        "CMU-MOSI: film reviews to the camera, sentiment.",
        "A pickle of features, a .csd file, or a folder of these.",
        ("mosei", "read_mosi"),
        "aligned_50.pkl",
        options=CSD_OPTIONS,
    ),
)
"""In the order in which they are listed."""
