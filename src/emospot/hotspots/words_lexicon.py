"""Hotspots of the words: expressions whose sentiment is strong by a lexicon.

The lexicon and its rules are VADER's (C. Hutto and E. Gilbert, "VADER: a
parsimonious rule-based model for sentiment analysis of social media text",
ICWSM 2014): 7,500 words and emoticons rated by people from −4 to 4; boosters
("very"), dampeners ("kind of"), negation and capitals change the rating of the
word after them; an exclamation mark adds 0.292, up to four times. The strength
of a hotspot is the rating's magnitude over 4, whatever its sign.

VADER rates a sentence; here each word keeps its own rating and its place:

- a hotspot runs from the first booster or negation that acts on a word to the
  word itself; emotional words that follow each other within a sentence make one
  hotspot, as strong as the strongest;
- boosters and negation do not act across a comma ("No, I love it");
- words that mostly serve conversation ("yes", "well", "like"), numbers and
  one- or two-letter abbreviations never fire, though the lexicon rates them.

English only.
"""

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from emospot.conversation import WORDS, Conversation, Hotspot, Tokens, Utterance
from emospot.hotspots.words_place import words_hotspot

CONVERSATIONAL = frozenset(
    {
        *("no", "yes", "yeah", "yep", "ok", "okay", "alright"),
        *("well", "like", "sure", "please", "certain", "certainly"),
    }
)
"""Words that VADER rates, but that tell of the conversation rather than of feeling."""

_STRONGEST = 4.0  # the end of VADER's scale
_EXCLAMATION = 0.292  # VADER's addition for each "!", up to four
_REACH = 3  # words before an emotional word that VADER lets act on it
_SHORT_WORDS = frozenset({"ha", "xd"})
_EDGES = string.punctuation + "“”„‘’«»…—–¿¡"
_LETTERS = r"[^\W\d_]{2}"
# A run of non-blanks, broken behind punctuation between two words ("sad...happy").
_RUN = re.compile(rf"\S*?{_LETTERS}[,;:.!?…/—–]+(?={_LETTERS})|\S+")
_EMOJI_PARTS = re.compile("[\ufe0f\u200d\U0001f3fb-\U0001f3ff]")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word or emoticon: its form as VADER reads it, its characters, its sentence and clause."""

    form: str
    start: int
    end: int
    sentence: int
    clause: int


@dataclass(frozen=True, slots=True)
class _Expression:
    """Words `first` to `last` (inclusive) with the magnitude of their rating."""

    first: int
    last: int
    rating: float


class LexiconHotspots:
    """Finds emotional words with VADER's lexicon.

    Args:
        minimum: least magnitude of a rating that fires, on VADER's scale from
            0 to 4. At 1 a quarter of the lexicon is too weak.

    >>> sad = Utterance("1", "A", 0.0, 2.0, "I am not happy, at all.")
    >>> [spot] = LexiconHotspots().detect(Conversation("c", (sad,)), [None])[0]
    >>> sad.text[spot.char_start : spot.char_end], round(spot.score, 2)
    ('not happy', 0.5)
    """

    name = "lexicon"
    modality = WORDS
    reads: tuple[str, ...] = ()
    language = "en"

    def __init__(self, minimum: float = 1.0) -> None:
        self._minimum = minimum

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The emotional expressions of every utterance, in order.

        Args:
            conversation: utterances; those without text have no hotspots.
            descriptors: not read.

        Returns:
            Hotspots with character offsets. Their times are those of the words
            that they overlap; of the whole utterance where it has no word
            times; None where it has no times at all.
        """
        return [self._utterance(utterance) for utterance in conversation.utterances]

    @cached_property
    def _vader(self) -> Any:
        from vaderSentiment import vaderSentiment

        return vaderSentiment

    @cached_property
    def _analyzer(self) -> Any:
        return self._vader.SentimentIntensityAnalyzer()

    def _utterance(self, utterance: Utterance) -> list[Hotspot]:
        if not utterance.text:
            return []
        words = split_words(utterance.text, self._analyzer.lexicon, self._analyzer.emojis)
        hotspots = []
        for expression in _merged(self._expressions(words, utterance.text), words):
            span = words[expression.first].start, words[expression.last].end
            score = min(expression.rating / _STRONGEST, 1.0)
            hotspots.append(words_hotspot(utterance, *span, score, self.name))
        return hotspots

    def _expressions(self, words: Sequence[_Word], text: str) -> Iterator[_Expression]:
        """The emotional words, each with the modifiers that act on it."""
        for sentence in _groups(words, "sentence"):
            inside = text[words[sentence[0]].start : _end_of_sentence(text, words, sentence)]
            emphasis = _EXCLAMATION * min(inside.count("!"), 4)
            capitals = self._vader.allcap_differential([words[i].form for i in sentence])
            for clause in _groups([words[i] for i in sentence], "clause"):
                indices = [sentence[i] for i in clause]
                ratings = self._ratings([words[i].form for i in indices], capitals)
                for place, rating in enumerate(ratings):
                    if abs(rating) >= self._minimum:
                        forms = [words[i].form for i in indices]
                        first = indices[self._first_modifier(forms, place)]
                        yield _Expression(first, indices[place], abs(rating) + emphasis)

    def _ratings(self, forms: list[str], capitals: bool) -> list[float]:
        """VADER's rating of each word of a clause, 0 where it must not fire."""
        clause = self._vader.SentiText(" ".join(forms))
        clause.words_and_emoticons = forms
        clause.is_cap_diff = capitals
        ratings = []
        for place, form in enumerate(forms):
            following = forms[place + 1].lower() if place + 1 < len(forms) else ""
            if self._silent(form.lower(), following):
                ratings.append(0.0)
            else:
                ratings.append(
                    float(self._analyzer.sentiment_valence(0, clause, form, place, [])[0])
                )
        return ratings

    def _silent(self, form: str, following: str) -> bool:
        """Whether a word never fires by itself."""
        abbreviation = form.isalpha() and len(form) <= 2 and form not in _SHORT_WORDS
        return (
            form in CONVERSATIONAL
            or form in self._vader.BOOSTER_DICT
            or f"{form} {following}" in self._vader.BOOSTER_DICT
            or abbreviation
            or form.isdigit()
        )

    def _first_modifier(self, forms: Sequence[str], place: int) -> int:
        """Place of the first word that VADER lets act on the word at `place`."""
        reach = [form.lower() for form in forms[max(0, place - _REACH) : place]]
        offset = place - len(reach)
        for i, form in enumerate(reach):
            pair = " ".join(reach[i : i + 2])
            if (
                form in ("no", "least")
                or form in self._vader.BOOSTER_DICT
                or pair in self._vader.BOOSTER_DICT
                or self._vader.negated([form])
            ):
                return offset + i
        return place


def split_words(text: str, lexicon: Mapping[str, float], emojis: Mapping[str, str]) -> list[_Word]:
    """The words and emoticons of a text with their exact places.

    Args:
        text: any text.
        lexicon: forms that keep their punctuation (emoticons).
        emojis: description of each emoji; its words all stand at the emoji.

    Returns:
        Words in order; punctuation around them is left out of their place.
    """
    plain, places = _describe_emojis(text.replace("’", "'"), emojis)
    words = []
    sentence = clause = 0
    for run in _RUN.finditer(plain):
        form, lead = _form(run.group(), lexicon)
        if form:
            first, last = run.start() + lead, run.start() + lead + len(form) - 1
            words.append(_Word(form, places[first][0], places[last][1], sentence, clause))
        tail = run.group()[lead + len(form) :]
        sentence += any(mark in tail for mark in ".!?…")
        clause += any(mark in tail for mark in ".!?…,;:—–")
    return words


def _describe_emojis(text: str, emojis: Mapping[str, str]) -> tuple[str, list[tuple[int, int]]]:
    """The text with emojis in words, and the original characters of each of its characters."""
    plain: list[str] = []
    places: list[tuple[int, int]] = []
    i = 0
    while i < len(text):
        end = i + 1
        piece = text[i]
        if piece in emojis:
            while end < len(text) and _EMOJI_PARTS.match(text[end]):
                end += 1
            piece = f" {emojis[piece]} "
        plain.append(piece)
        places.extend([(i, end)] * len(piece))
        i = end
    return "".join(plain), places


def _form(run: str, lexicon: Mapping[str, float]) -> tuple[str, int]:
    """A run of non-blanks as VADER should read it, and how many characters precede it."""
    for candidate in (run, run.rstrip(".,!?;:")):
        if candidate.lower() in lexicon:
            return candidate, 0
    stripped = run.strip(_EDGES)
    return stripped, len(run) - len(run.lstrip(_EDGES)) if stripped else 0


def _groups(words: Sequence[_Word], field: str) -> Iterator[list[int]]:
    """Indices of the words that share a sentence or a clause, in order."""
    group: list[int] = []
    for i, word in enumerate(words):
        if group and getattr(word, field) != getattr(words[group[0]], field):
            yield group
            group = []
        group.append(i)
    if group:
        yield group


def _end_of_sentence(text: str, words: Sequence[_Word], sentence: Sequence[int]) -> int:
    """Where the next sentence begins."""
    following = sentence[-1] + 1
    return words[following].start if following < len(words) else len(text)


def _merged(expressions: Iterator[_Expression], words: Sequence[_Word]) -> list[_Expression]:
    """Expressions that overlap or follow each other within a sentence made one."""
    merged: list[_Expression] = []
    for new in expressions:
        old = merged[-1] if merged else None
        if old is not None and _adjoining(old, new, words):
            merged[-1] = _Expression(
                min(old.first, new.first), new.last, max(old.rating, new.rating)
            )
        else:
            merged.append(new)
    return merged


def _adjoining(old: _Expression, new: _Expression, words: Sequence[_Word]) -> bool:
    """Whether one follows the other without a word between, or without a character (emojis)."""
    before, after = words[old.last], words[new.first]
    next_word = new.first <= old.last + 1 and before.sentence == after.sentence
    return next_word or after.start <= before.end
