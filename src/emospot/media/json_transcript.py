"""emospot's own JSON transcript.

    {"utterances": [{"speaker": "Anna", "start": 0.5, "end": 2.0, "text": "Oh no.",
                     "words": [{"start": 0.5, "end": 0.9, "text": "Oh"}, …]}, …]}

Only `text` or a time is needed in an utterance; every other field may be absent
or null. Further fields are ignored, so an analysis of emospot is a transcript
too. Two names of speech recognisers are understood as well: "segments" for
"utterances", and "word" for a word's "text". A file of JSON lines (.jsonl)
holds one such utterance a line; a first line about the recording is passed over.
"""

import json
from typing import Any

from emospot.errors import TranscriptError
from emospot.media.transcript_types import Notices, Segment, TimedWord, checked_times


def read_json(text: str, notices: Notices) -> list[Segment]:
    """The segments of a JSON transcript.

    Args:
        text: the file's content.
        notices: of the file; gets what was repaired or left out.

    Raises:
        TranscriptError: if the JSON is malformed or does not follow the schema.

    >>> from pathlib import Path
    >>> read_json('{"utterances": [{"text": "Hi"}]}', Notices(Path("a.json")))
    [Segment(speaker=None, start=None, end=None, text='Hi', words=())]
    """
    document = _parsed(text, 0, notices)
    if isinstance(document, dict):
        document = document.get("utterances", document.get("segments"))
    if not isinstance(document, list):
        raise TranscriptError(f'{notices.path}: expected {{"utterances": [{{"text": …}}, …]}}')
    found = [_segment(item, f"utterances[{i}]", notices) for i, item in enumerate(document)]
    return [segment for segment in found if segment is not None]


def read_json_lines(text: str, notices: Notices) -> list[Segment]:
    """The segments of a file with one utterance a line.

    Args:
        text: the file's content.
        notices: of the file; gets what was repaired or left out.

    Raises:
        TranscriptError: as `read_json`.
    """
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            item = _parsed(line, number - 1, notices)
            if (
                number == 1
                and isinstance(item, dict)
                and "recording" in item
                and "text" not in item
            ):
                continue
            found.append(_segment(item, f"line {number}", notices))
    return [segment for segment in found if segment is not None]


def _parsed(text: str, lines_before: int, notices: Notices) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise TranscriptError(
            f"{notices.path}, line {error.lineno + lines_before}: {error.msg}"
        ) from error
    except RecursionError as error:
        raise TranscriptError(f"{notices.path}: is nested too deeply") from error


def _segment(item: Any, place: str, notices: Notices) -> Segment | None:
    """The segment of one utterance, None if it has neither text nor time."""
    if not isinstance(item, dict):
        raise _wrong(place, item, "an object with text", notices)
    words = item.get("words") or []
    if not isinstance(words, list):
        raise _wrong(f"{place}.words", words, "a list", notices)
    timed = [_word(word, f"{place}.words[{i}]", notices) for i, word in enumerate(words)]
    text = _text(item, "text", place, notices) or " ".join(
        word.text for word in timed if word is not None
    )
    start, end = (_number(item, key, place, notices) for key in ("start", "end"))
    start, end = checked_times(start, end, place, notices)
    if not text and start is None:
        notices.add(place, "neither text nor time; it was left out")
        return None
    kept = tuple(word for word in timed if word is not None)
    return Segment(_text(item, "speaker", place, notices) or None, start, end, text, kept)


def _word(item: Any, place: str, notices: Notices) -> TimedWord | None:
    """The word, None if it has no usable time."""
    if not isinstance(item, dict):
        raise _wrong(place, item, "an object with start, end, text", notices)
    text = _text(item, "text", place, notices) or _text(item, "word", place, notices)
    start, end = (_number(item, key, place, notices) for key in ("start", "end"))
    start, end = checked_times(start, end, place, notices)
    if start is None or end is None or not text:
        return None
    return TimedWord(start, end, text)


def _text(item: dict[str, Any], key: str, place: str, notices: Notices) -> str:
    value = item.get(key)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and key == "speaker":
        return str(value)
    if not isinstance(value, str):
        raise _wrong(f"{place}.{key}", value, "a text", notices)
    return " ".join(value.split())


def _number(item: dict[str, Any], key: str, place: str, notices: Notices) -> float | None:
    value = item.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(f"{place}.{key}", value, "seconds as a number", notices)
    return float(value)


def _wrong(place: str, value: Any, expected: str, notices: Notices) -> TranscriptError:
    found = json.dumps(value, ensure_ascii=False)[:40]
    return TranscriptError(f"{notices.path}, {place}: found {found}, expected {expected}")
