"""How a user says who tells speakers apart: "auto", a number, "off" or "pyannote:PATH".

A number may stand before a pipeline: "2,pyannote:PATH". What follows the colon is a path
to its end, whatever signs are in it.
"""

from dataclasses import dataclass

from emospot.errors import UsageError

PYANNOTE = "pyannote"
MOST = 100


@dataclass(frozen=True, slots=True)
class SpeakersChoice:
    """Who tells speakers apart where the transcript does not.

    Args:
        number: of speakers, None where that is to be found out; also told to a pipeline.
        off: nobody does.
        pyannote: pipeline of pyannote, "" for the own method.
    """

    number: int | None = None
    off: bool = False
    pyannote: str = ""


OFF = SpeakersChoice(off=True)
AUTO = SpeakersChoice()


def speakers_choice(text: str) -> SpeakersChoice:
    """Read a choice.

    Args:
        text: "auto", a number of speakers, "off", or "pyannote:" and the path of a
            pipeline, before which a number and a comma may stand.

    Raises:
        UsageError: if it is none of these.

    >>> speakers_choice("3")
    SpeakersChoice(number=3, off=False, pyannote='')
    >>> speakers_choice("2,pyannote:models/config.yaml")
    SpeakersChoice(number=2, off=False, pyannote='models/config.yaml')
    """
    wanted = text.strip()
    asked, _, path = wanted.partition(":")
    count, comma, kind = asked.rpartition(",")
    if wanted.lower() == "auto":
        return AUTO
    if wanted.lower() == "off":
        return OFF
    if _is_number(wanted):
        return SpeakersChoice(number=int(wanted))
    if kind.strip() == PYANNOTE and path and (_is_number(count) or not comma):
        return SpeakersChoice(number=int(count) if comma else None, pyannote=path)
    raise UsageError(
        f'--speakers "{text}": expected auto, off, the number of speakers (1 to {MOST}), or '
        f"{PYANNOTE}:PATH with the folder or configuration of a pipeline (2,{PYANNOTE}:PATH "
        "where there are two)"
    )


def _is_number(text: str) -> bool:
    return text.strip().isdecimal() and 1 <= int(text) <= MOST
