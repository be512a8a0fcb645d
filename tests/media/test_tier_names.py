import pytest

from emospot.media.tier_names import TierName, understood


@pytest.mark.parametrize(
    ("name", "role", "speaker", "modality"),
    [
        ("Anna - emotion", "emotion", "Anna", ""),
        ("Anna - Emotion 2", "emotion", "Anna", ""),
        ("emotions", "emotion", None, ""),
        ("Jean-Luc_emotion", "emotion", "Jean-Luc", ""),
        ("emotion@Anna", "emotion", "Anna", ""),
        ("Anna - confidence", "confidence", "Anna", ""),
        ("voice hotspots", "hotspots", None, "voice"),
        ("Voice_Hotspot", "hotspots", None, "voice"),
        ("words hotspots 3", "hotspots", None, "words"),
        ("Anna - face hotspots", "hotspots", "Anna", "face"),
        ("Anna - hotspots", "hotspots", "Anna", ""),
        ("Anna - utterances 2", "utterances", "Anna", ""),
        ("text - utterances", "utterances", "text", ""),
        ("Transcription", "utterances", None, ""),
        ("Anna - words", "words", "Anna", ""),
        ("Anna/phonemes", "phones", "Anna", ""),
    ],
)
def test_names(name, role, speaker, modality):
    assert understood(name) == TierName(role, speaker, modality)
    assert understood(f"  {name} ") == TierName(role, speaker, modality)


@pytest.mark.parametrize("name", ["Anna", "Keywords", "", "emotional", "moods", "words of Anna"])
def test_names_that_say_nothing(name):
    assert understood(name) is None


def test_the_type_is_believed_where_the_name_says_nothing():
    assert understood("feelings", "emotion") == TierName("emotion")
    assert understood("Anna - emotion", "utterances") == TierName("emotion", "Anna")
    assert understood("notes", "default-lt") is None
