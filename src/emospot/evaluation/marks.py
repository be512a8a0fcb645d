"""Marks to learn from: those of a file, or those that a corpus brings itself."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from emospot.config import AnyModelConfig, ModelConfig
from emospot.conversation import MODALITIES, Hotspot
from emospot.corpora.corpus import Corpus
from emospot.errors import ConfigError, CorpusError, FeatureError, UsageError
from emospot.evaluation.span_files import PlacedSpan, read_spans
from emospot.features.store import FeatureStore
from emospot.hotspots.marks import MARKS, Mark, MarkedHotspots, is_marks

OWN = "corpus"
"""What is named instead of a file for the marks that the corpus brings itself."""


def marks_from(sources: Mapping[str, Path], corpus: Corpus | None) -> dict[str, MarkedHotspots]:
    """Modality → its marked moments.

    Args:
        sources: modality → a file or folder that `span_files.read_spans` reads, or the
            path "corpus" for the corpus's own.
        corpus: None where it can have none (a table).

    Raises:
        UsageError: if there is no such modality, a file cannot be read or has no mark
            of the modality.
        CorpusError: if the corpus has none of its own.
    """
    found = {}
    for modality, source in sources.items():
        if modality not in MODALITIES:
            raise UsageError(f'marks of "{modality}": expected {", ".join(MODALITIES)}')
        own = source == Path(OWN)
        found[modality] = own_marks(corpus, modality) if own else read_marks(source, modality)
    return found


def read_marks(path: Path, modality: str) -> MarkedHotspots:
    """The marked moments of a file, or of all files of a folder.

    Raises:
        UsageError: if it cannot be read, or has no mark of the modality.
    """
    spans = read_spans(path).of(modality)
    if not spans.spans:
        raise UsageError(f"{path} marks no {modality}: what shall be learned from it?")
    marks: dict[str, list[Mark]] = defaultdict(list)
    for span in spans.spans:
        try:
            marks[span.called or span.recording].append(
                Mark(_hotspot(span, modality), span.utterance)
            )
        except FeatureError as error:
            raise UsageError(f"{path}, {span.recording}: {error}") from None
    return MarkedHotspots(modality, dict(marks))


def own_marks(corpus: Corpus | None, modality: str) -> MarkedHotspots:
    """The moments that are marked in a corpus itself.

    Raises:
        CorpusError: if there are none.
    """
    marks = {
        one.conversation.id: [
            Mark(spot, utterance.id)
            for utterance, own in zip(one.conversation.utterances, one.marked, strict=True)
            for spot in own
            if spot.modality == modality
        ]
        for one in (corpus.conversations if corpus is not None else ())
        if one.marked
    }
    if not any(marks.values()):
        raise CorpusError(
            f"this corpus brings no marks of {modality}: name a file of marks instead"
        )
    return MarkedHotspots(modality, marks)


def check_marks_unread(store: FeatureStore, model: AnyModelConfig) -> None:
    """Whether a model reads no marks in the place of what a detector finds, but for an oracle.

    Raises:
        ConfigError: if it does; of an oracle, if there are none for it to read.
    """
    if isinstance(model, ModelConfig) and model.oracle:
        unmarked = [m for m in model.modalities if not is_marks(store.detectors.get(m, ""))]
        if unmarked:
            raise ConfigError(
                f"model.oracle reads marks, but the store has none of {', '.join(unmarked)}: "
                "import the corpus with --marks, or leave oracle out"
            )
        return
    if not isinstance(model, ModelConfig) or model.fusion != "hotspot_gated":
        return
    for modality in model.modalities:
        marked = is_marks(store.detectors.get(modality, ""))
        if marked and modality not in model.learned_hotspots:
            raise ConfigError(
                f"the store's hotspots of {modality} are marks, right answers that no recording "
                f"brings along: name {modality} in model.learned_hotspots to learn from them, or "
                "import the corpus without --marks"
            )


def _hotspot(span: PlacedSpan, modality: str) -> Hotspot:
    timed, placed = span.timed, span.placed
    score = (timed or placed).score  # type: ignore[union-attr]
    return Hotspot(
        modality,
        timed.start if timed else None,
        timed.end if timed else None,
        score,
        MARKS,
        round(placed.start) if placed else None,
        round(placed.end) if placed else None,
        timed.apex if timed else None,
    )
