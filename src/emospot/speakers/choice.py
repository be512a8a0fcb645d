"""How a user says who tells speakers apart: "auto", a number, "off" or "pyannote:PATH"."""

from dataclasses import dataclass

from emospot.errors import UsageError

PYANNOTE = "pyannote"
MOST = 100


@dataclass(frozen=True, slots=True)
class SpeakersChoice:
    """Who tells speakers apart where the transcript does not.

    Args:
        number: of speakers, None where that is to be found out.
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
            pipeline.

    Raises:
        UsageError: if it is none of these.

    >>> speakers_choice("3")
    SpeakersChoice(number=3, off=False, pyannote='')
    """
    wanted = text.strip()
    kind, _, path = wanted.partition(":")
    if wanted.lower() == "auto":
        return AUTO
    if wanted.lower() == "off":
        return OFF
    if wanted.isdecimal() and 1 <= int(wanted) <= MOST:
        return SpeakersChoice(number=int(wanted))
    if kind == PYANNOTE and path:
        return SpeakersChoice(pyannote=path)
    raise UsageError(
        f'--speakers "{text}": expected auto, off, the number of speakers (1 to {MOST}), or '
        f"{PYANNOTE}:PATH with the folder or configuration of a pipeline"
    )
