"""`Stream`: what is said goes in, and for each utterance, as it ends, which emotion it shows.

Two ways lead in. Whoever has a speech recogniser tells the utterances (`say`), each with
its words and its sound; whoever has a microphone alone lets the stream hear it (`hear`),
and voice activity finds the utterances, without words. In between: a stream that hears,
and is told when who said what (`Stream(find_utterances=False)`).

The answers are those of the causal model to the whole conversation. A provisional answer
is to an utterance that goes on: it is computed anew each time, and nothing is kept of it.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.explain import Evidence, explain, model_finding
from emospot.analysis.learned_hotspots import take_learned
from emospot.analysis.models import BUNDLED_CAUSAL, load
from emospot.analysis.types import ModelFinding, UtteranceFinding
from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.conversation import Conversation, Tokens, Utterance, Word
from emospot.conversation.build import UNKNOWN_SPEAKER, spread_words
from emospot.errors import UsageError
from emospot.features.voice_basic import finite
from emospot.live.heard_sound import HeardSound
from emospot.live.instruments import LiveInstruments
from emospot.media.audio import SAMPLE_RATE
from emospot.model.live import LiveConversation
from emospot.model.predict import Prediction
from emospot.model.pretrained import PretrainedModel
from emospot.processes import one_thread
from emospot.speakers.voice_activity import VoiceActivity

TOLERANCE = 0.5
"""Seconds by which clocks may differ."""
KEPT_SECONDS = 60.0
"""Of sound, for utterances that are told once they are over."""
SLACK_SECONDS = 0.5
"""Of sound before the padding of an utterance that has not begun yet."""
MOST_WORDS = 400
"""Of an utterance: its tokens are read in pairs."""
LATEST = 1e12
"""Seconds; any clock's times lie below."""


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """Which emotion an utterance shows, as far as has been heard.

    Args:
        utterance: the finding, as `analyze` gives it.
        provisional: whether the utterance goes on; its final answer is still to come.
        seconds: that measuring and answering took.
        seconds_of_model: that answering alone took.
    """

    utterance: UtteranceFinding
    provisional: bool
    seconds: float
    seconds_of_model: float

    def to_dict(self) -> dict[str, Any]:
        """As plain lists, dictionaries, strings and numbers; the finding's own beside the rest."""
        own = {
            "provisional": self.provisional,
            "seconds": round(self.seconds, 4),
            "seconds_of_model": round(self.seconds_of_model, 4),
        }
        return {**own, **asdict(self.utterance)}


class Stream:
    """A conversation that goes on.

    Args:
        model: a causal one: loaded, a name or a folder.
        language: of the words, ISO 639-1; None: it is guessed from the last texts, and
            taken for the model's until there are enough of them.
        find_utterances: whether voice activity finds them in what is heard; False: they
            are told by `say`, and what is heard is kept to be their sound.
        keep_seconds: of that, the last; an utterance that began before has only what is
            left of its sound.
        provisional_every: seconds of an utterance after which it is answered while it
            goes on, and so on; None: it is not. Of what is heard alone.
        activity: options of `speakers.speech_finder.SpeechFinder`, e.g. `min_silence`.

    Raises:
        ModelError: if there is no such model, or it cannot go on with a conversation.
        FeatureError: if the model's words extractor is not on this machine.

    >>> stream = Stream()
    >>> answer = stream.say("I can't believe it, we won!", speaker="Ann")
    >>> answer.utterance.emotion, answer.provisional
    ('excited', False)
    """

    def __init__(
        self,
        model: str | Path | PretrainedModel = BUNDLED_CAUSAL,
        *,
        language: str | None = None,
        find_utterances: bool = True,
        keep_seconds: float = KEPT_SECONDS,
        provisional_every: float | None = None,
        activity: Mapping[str, float] | None = None,
    ) -> None:
        loaded = model if isinstance(model, PretrainedModel) else load(model)
        loaded.require_single_label()
        if provisional_every is not None and not provisional_every > 0:
            raise UsageError(f"provisional_every must be positive, found {provisional_every}")
        if not keep_seconds > 0:
            raise UsageError(f"keep_seconds must be positive, found {keep_seconds}")
        self._model = loaded
        self._conversation = LiveConversation(loaded)
        self._instruments = LiveInstruments(loaded, language)
        self._sound = HeardSound()
        self._activity = VoiceActivity(**(activity or {})) if find_utterances else None
        self._every, self._keep = provisional_every, keep_seconds
        self._next_provisional = 0.0
        self._told = 0
        self._ended = False
        self._warm_up()

    @property
    def model(self) -> ModelFinding:
        """Which model answers, and what it may be used for."""
        return model_finding(self._model)

    @property
    def answered(self) -> int:
        """How many utterances have been answered for good."""
        return self._told

    @property
    def seconds_heard(self) -> float:
        """How much sound has been heard."""
        return self._sound.seconds

    def say(
        self,
        text: str | None = None,
        *,
        speaker: str = UNKNOWN_SPEAKER,
        start: float | None = None,
        end: float | None = None,
        audio: NDArray[np.floating] | None = None,
        provisional: bool = False,
    ) -> LiveAnswer:
        """Answer an utterance that somebody else has found.

        Args:
            text: its words, or None.
            speaker: who speaks.
            start: seconds, on the clock of what is heard if anything is; or None.
            end: seconds, or None.
            audio: its sound, mono at 16 kHz, shape (n,); None: what was heard between
                `start` and `end`, if anything was.
            provisional: whether it goes on.

        Raises:
            UsageError: if its times or words are not such, it has neither words nor sound,
                or the stream finds utterances by itself.
        """
        _check(text, start, end)
        words: tuple[Word, ...] = ()
        if text and start is not None and end is not None and end > start:
            words = spread_words(text, start, end)
        utterance = Utterance(
            f"live-{self._told + 1}", speaker, start, end, text, words, bool(words)
        )
        return self.answer(utterance, audio, provisional=provisional)

    def answer(
        self,
        utterance: Utterance,
        audio: NDArray[np.floating] | None = None,
        *,
        features: Mapping[str, Tokens] | None = None,
        provisional: bool = False,
    ) -> LiveAnswer:
        """Answer an utterance with all that is known of it.

        Args:
            utterance: the next one.
            audio: as in `say`.
            features: modality → ready-made features, e.g. of the face.
            provisional: whether it goes on.

        Raises:
            UsageError: as `say`.
        """
        if self._activity is not None and self._sound.seconds:
            raise UsageError(
                "this stream finds utterances in what it hears, so they cannot be told as well: "
                "Stream(find_utterances=False) hears and is told"
            )
        start, end = utterance.start, utterance.end
        _check(utterance.text, start, end)
        has_text = bool(utterance.text and utterance.text.strip())
        if audio is not None:
            audio = _samples(audio)
        elif start is not None and end is not None and self._sound.seconds:
            audio = self._sound.between(start, end)
            if not has_text and not features:
                self._require_heard(start, end)
        if audio is not None and len(audio) == 0:
            audio = None
        if not has_text and audio is None and not features:
            raise UsageError(
                "an utterance needs words, sound or features: give text, audio, or start and end "
                "of what was heard"
            )
        return self._answer(utterance, audio, features or {}, provisional)

    def _require_heard(self, start: float, end: float) -> None:
        begins, ends = self._sound.begins, self._sound.seconds
        if start < begins - TOLERANCE or end > ends + TOLERANCE:
            raise UsageError(
                f"the utterance from {start:g} to {end:g} s has no words, and of the sound only "
                f"{begins:.1f} to {ends:.1f} s is kept: tell it once it has been heard, or "
                "keep more (keep_seconds)"
            )

    def hear(self, samples: NDArray[np.floating]) -> list[LiveAnswer]:
        """Take the next sound.

        Args:
            samples: mono in [-1, 1] at 16 kHz, shape (n,); of any length.

        Returns:
            The answers to the utterances that are over, and where they are asked for a
            provisional one to that which goes on; none where utterances are told.
        """
        if self._ended:
            raise UsageError("the stream has been finished: a new Stream hears what comes next")
        block = _samples(samples)
        self._sound.add(block)
        if self._activity is None:
            self._sound.forget_before(self._sound.seconds - self._keep)
            return []
        found = [self._heard(start, end) for start, end in self._activity.add(block)]
        found += self._while_it_goes_on(self._activity.open_since)
        since = self._activity.open_since
        needed = self._sound.seconds - self._activity.padding if since is None else since
        self._sound.forget_before(needed - SLACK_SECONDS)
        return found

    @property
    def kept(self) -> int:
        """Numbers that are kept of all that was said, and samples of what was heard."""
        return self._conversation.kept + self._sound.kept

    def finish(self) -> list[LiveAnswer]:
        """The answer to what was being said when the sound ended, if anything was.

        Nothing can be heard afterwards.
        """
        if self._activity is None or self._ended:
            return []
        self._ended = True
        return [self._heard(start, end) for start, end in self._activity.finish()]

    def _warm_up(self) -> None:
        """Load what is loaded on first use, so that nobody waits for it later."""
        seconds = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
        buzz = 0.3 * np.sign(np.sin(2 * np.pi * 150 * seconds)) * (seconds % 0.5 < 0.3)
        # Long enough for its language to be asked for, too.
        text = "well, I do not know what to say to all of this, and maybe you do not know either"
        utterance = Utterance("warm-up", UNKNOWN_SPEAKER, 0.0, 2.0, text)
        self._answer(utterance, buzz.astype(np.float32), {}, provisional=True)

    def _heard(self, start: float, end: float) -> LiveAnswer:
        self._next_provisional = 0.0
        return self._answer(self._unnamed(start, end), self._sound.between(start, end), {}, False)

    def _while_it_goes_on(self, since: float | None) -> list[LiveAnswer]:
        now = self._sound.seconds
        if self._every is None or since is None:
            return []
        self._next_provisional = max(self._next_provisional, since + self._every)
        if now < self._next_provisional:
            return []
        self._next_provisional = now + self._every
        audio = self._sound.between(since, now)
        return [self._answer(self._unnamed(since, now), audio, {}, provisional=True)]

    def _unnamed(self, start: float, end: float) -> Utterance:
        return Utterance(f"live-{self._told + 1}", UNKNOWN_SPEAKER, start, end)

    def _answer(
        self,
        utterance: Utterance,
        audio: NDArray[np.float32] | None,
        features: Mapping[str, Tokens],
        provisional: bool,
    ) -> LiveAnswer:
        with one_thread():
            return self._answer_now(utterance, audio, features, provisional)

    def _answer_now(
        self,
        utterance: Utterance,
        audio: NDArray[np.float32] | None,
        features: Mapping[str, Tokens],
        provisional: bool,
    ) -> LiveAnswer:
        begun = time.perf_counter()
        understood = self._instruments.understood(utterance, keep=not provisional)
        measured = self._instruments.measure(utterance, audio, features, understood=understood)
        conversation = Conversation("live", (utterance,))
        example = Example(conversation, measured.features, measured.hotspots)
        asked = time.perf_counter()
        prediction: Prediction = self._conversation.answer(example, provisional=provisional)
        answered = time.perf_counter()
        if isinstance(self._model.config, ModelConfig):
            take_learned(measured, conversation, prediction, self._model.config)
        (finding,) = explain(conversation, Evidence(self._model, measured, prediction, understood))
        if not provisional:
            self._told += 1
        return LiveAnswer(finding, provisional, time.perf_counter() - begun, answered - asked)


def _samples(audio: NDArray[np.floating]) -> NDArray[np.float32]:
    """The sound as single precision.

    Raises:
        UsageError: if it is not mono, or not between -1 and 1 by its type.
    """
    samples = np.asarray(audio)
    if samples.ndim != 1:
        raise UsageError(
            f"expected mono samples at {SAMPLE_RATE} Hz, shape (n,), found shape {samples.shape}"
        )
    if not np.issubdtype(samples.dtype, np.floating):
        raise UsageError(
            f"expected samples in [-1, 1], found {samples.dtype}: divide 16-bit samples by 32768"
        )
    # What is not finite counts as 0: the network that listens would never forget it.
    return finite(samples.astype(np.float32, copy=False))


def _check(text: str | None, start: float | None, end: float | None) -> None:
    """Raise where words or times are not such.

    Raises:
        UsageError: saying what was found.
    """
    for name, value in (("start", start), ("end", end)):
        if value is not None and not abs(value) < LATEST:
            raise UsageError(f"{name} must be seconds, found {value}")
    if start is not None and end is not None and end < start:
        raise UsageError(f"the utterance ends at {end} s, before it begins at {start} s")
    if text is None:
        return
    if not isinstance(text, str):
        raise UsageError(f"text must be a string, found {text!r}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"the words hold half a character ({error.reason})") from error
    if len(text.split()) > MOST_WORDS:
        raise UsageError(
            f"an utterance of {len(text.split()):,} words: tell it in parts of at most "
            f"{MOST_WORDS}"
        )
