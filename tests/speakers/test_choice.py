import pytest

from emospot.errors import UsageError
from emospot.speakers.choice import AUTO, OFF, SpeakersChoice, speakers_choice


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", AUTO),
        (" Auto ", AUTO),
        ("off", OFF),
        ("1", SpeakersChoice(number=1)),
        ("12", SpeakersChoice(number=12)),
        ("pyannote:models/config.yaml", SpeakersChoice(pyannote="models/config.yaml")),
        (r"pyannote:C:\models", SpeakersChoice(pyannote=r"C:\models")),
        ("2,pyannote:a,b=3", SpeakersChoice(number=2, pyannote="a,b=3")),
        (r" 3, pyannote:C:\models", SpeakersChoice(number=3, pyannote=r"C:\models")),
    ],
)
def test_what_is_understood(text, expected):
    assert speakers_choice(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "-2", "101", "2.5", "two", "pyannote", "pyannote:", "2,3", "2,off"),
        *("2,pyannote:", "0,pyannote:a", ",pyannote:a", "two,pyannote:a", "2,other:a"),
        "2,3,pyannote:a",
    ],
)
def test_what_is_not(text):
    with pytest.raises(UsageError, match=r"--speakers .*expected auto, off, the number"):
        speakers_choice(text)
