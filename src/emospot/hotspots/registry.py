"""Detectors by name: the names that the command line and configurations use.

A choice of detectors for a modality is a short text:

    lexicon               one detector
    lexicon+spans         both: all that either finds
    lexicon=1,spans=2     a weighted vote (`hotspots.panel`)

A name may go on after a colon with what the detector shall use: "llm:MODEL" asks that
model of the endpoint.

Other packages add detectors by an entry point in the group
`emospot.hotspot_detectors`: a name, and something that gives a `HotspotDetector`
when it is called without arguments. Nothing heavy is imported before a detector is
asked for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points

from emospot.conversation import FACE, MODALITIES, VOICE, WORDS
from emospot.errors import EmospotError, UsageError
from emospot.hotspots.base import HotspotDetector
from emospot.hotspots.llm_endpoint import LlmEndpoint
from emospot.hotspots.panel import Panel

GROUP = "emospot.hotspot_detectors"
LLM = "llm"
DEFAULTS = {WORDS: "lexicon", VOICE: "phrases", FACE: "expression"}
"""Modality → the detector that is used where none is named."""


@dataclass(frozen=True, slots=True)
class KnownDetector:
    """A detector that can be asked for.

    Args:
        name: by which.
        modality: where it looks, "" where it is not known before it is loaded.
        about: one line.
        make: gives it.
    """

    name: str
    modality: str
    about: str
    make: Callable[[], HotspotDetector]


def known_detectors() -> dict[str, KnownDetector]:
    """Name → detector, the package's own first."""
    found = {one.name: one for one in _BUILT_IN}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        found.setdefault(point.name, KnownDetector(point.name, "", _source(point), _maker(point)))
    return found


def detector(name: str, llm: LlmEndpoint | None = None) -> HotspotDetector:
    """The detector of a name.

    Args:
        name: a known one; "llm:MODEL" asks another model of the endpoint.
        llm: the endpoint of a language model; None: what the environment names.

    Raises:
        UsageError: if there is none, or one from elsewhere cannot be loaded.
        MissingExtraError: if its packages are not installed.

    >>> detector("lexicon").modality
    'words'
    """
    plain, _, model = name.partition(":")
    if plain == LLM:
        return _llm(llm, model)
    known = known_detectors()
    if name not in known:
        raise UsageError(f'there is no hotspot detector "{name}"; known ones: {", ".join(known)}')
    return known[name].make()


def panel(choice: str, llm: LlmEndpoint | None = None) -> Panel:
    """The detectors of a choice.

    Args:
        choice: see the module's text.
        llm: as in `detector`.

    Raises:
        UsageError: if a detector is not known, they look at different modalities, or
            the text is none of the three forms.
        MissingExtraError: as `detector`.

    >>> panel("lexicon").name
    'lexicon'
    """
    if "=" not in choice:
        return Panel(tuple(detector(name.strip(), llm) for name in choice.split("+")))
    names, weights = [], []
    for part in choice.split(","):
        name, _, weight = part.partition("=")
        try:
            weights.append(float(weight))
        except ValueError:
            raise UsageError(
                f'the choice of detectors "{choice}": expected NAME, NAME+NAME or '
                "NAME=WEIGHT,NAME=WEIGHT"
            ) from None
        names.append(name.strip())
    return Panel(tuple(detector(name, llm) for name in names), tuple(weights), "vote")


def panels(choices: Iterable[str], llm: LlmEndpoint | None = None) -> dict[str, Panel]:
    """Modality → its detectors, in the order of the modalities.

    Args:
        choices: as in the module's text; two of one modality without weights are one.
        llm: as in `detector`.

    Raises:
        UsageError: as `panel`, and if a vote is not the only choice of its modality.
    """
    found: dict[str, Panel] = {}
    for choice in choices:
        one = panel(choice, llm)
        other = found.get(one.modality, one)
        if other is not one:
            if "vote" in (one.combine, other.combine):
                raise UsageError(
                    f'"{other.name}" and "{one.name}" both look at the {one.modality}: write '
                    "all detectors of a vote in one choice, NAME=WEIGHT,NAME=WEIGHT"
                )
            one = Panel(other.detectors + one.detectors)
        found[one.modality] = one
    return {modality: found[modality] for modality in sorted(found, key=MODALITIES.index)}


def _source(point: EntryPoint) -> str:
    return f"from {point.dist.name}" if point.dist is not None else f"from {point.value}"


def _maker(point: EntryPoint) -> Callable[[], HotspotDetector]:
    """Loads a detector of another package; what goes wrong there is told by its name."""

    def make() -> HotspotDetector:
        try:
            made: HotspotDetector = point.load()()
        except EmospotError:
            raise
        except Exception as error:  # foreign code: anything may go wrong
            raise UsageError(
                f'the hotspot detector "{point.name}" ({point.value}) cannot be loaded: {error}'
            ) from error
        fault = _fault(made, point.name)
        if fault:
            raise UsageError(
                f'the hotspot detector "{point.name}" ({point.value}) {fault}; see '
                "emospot.hotspots.base.HotspotDetector"
            )
        return made

    return make


def _fault(made: HotspotDetector, name: str) -> str:
    """What is wrong with a detector of another package, "" where nothing is."""
    fields = ("name", "modality", "reads", "detect")
    missing = [field for field in fields if not hasattr(made, field)]
    if missing:
        return f"has no {' and no '.join(missing)}"
    if made.name != name:
        return f'calls itself "{made.name}": the two names must be one'
    if set(name) & set("+,=:"):
        return 'must have a name without "+", ",", "=" and ":"'
    if made.modality not in MODALITIES:
        return f'looks at "{made.modality}", which is none of {", ".join(MODALITIES)}'
    if not isinstance(made.reads, tuple) or not all(isinstance(r, str) for r in made.reads):
        return f"reads {made.reads!r}, which is no tuple of extractors' names"
    return ""


def _lexicon() -> HotspotDetector:
    from emospot.hotspots.words_lexicon import LexiconHotspots

    return LexiconHotspots()


def _llm(endpoint: LlmEndpoint | None = None, model: str = "") -> HotspotDetector:
    from emospot.hotspots.words_llm import LlmHotspots

    if endpoint is None:
        return LlmHotspots(LlmEndpoint.from_environment(model=model))
    return LlmHotspots(replace(endpoint, model=model) if model else endpoint)


def _saliency() -> HotspotDetector:
    from emospot.hotspots.words_saliency import SaliencyHotspots

    return SaliencyHotspots()


def _spans() -> HotspotDetector:
    from emospot.hotspots.words_spans import SpanHotspots

    return SpanHotspots()


def _phrases() -> HotspotDetector:
    from emospot.hotspots.voice_phrases import PhraseHotspots

    return PhraseHotspots()


def _peaks() -> HotspotDetector:
    from emospot.hotspots.voice_peaks import PeakHotspots

    return PeakHotspots()


def _prosody() -> HotspotDetector:
    from emospot.hotspots.voice_prosody import ProsodyHotspots

    return ProsodyHotspots()


def _expression() -> HotspotDetector:
    from emospot.hotspots.face_expression import ExpressionHotspots

    return ExpressionHotspots()


def _gestures() -> HotspotDetector:
    from emospot.hotspots.face_gestures import GestureHotspots

    return GestureHotspots()


def _units() -> HotspotDetector:
    from emospot.hotspots.face_units import ActionUnitHotspots

    return ActionUnitHotspots()


_BUILT_IN = (
    KnownDetector("lexicon", WORDS, "words of VADER's lexicon, with negation", _lexicon),
    KnownDetector("saliency", WORDS, "words without which less emotion is read", _saliency),
    KnownDetector("spans", WORDS, "words as annotators mark them", _spans),
    KnownDetector(LLM, WORDS, "words quoted by a large language model", _llm),
    KnownDetector("phrases", VOICE, "phrases unlike the speaker's others", _phrases),
    KnownDetector("prosody", VOICE, "peaks of loudness, pitch and rate", _prosody),
    KnownDetector("peaks", VOICE, "peaks of loudness and pitch, the plain reference", _peaks),
    KnownDetector("expression", FACE, "expressions held against the neutral face", _expression),
    KnownDetector("gestures", FACE, "nods and shakes of the head", _gestures),
    KnownDetector("units", FACE, "expressions in a corpus's own action units", _units),
)
