import errno
import os

import pytest
from py3langid.langid import LanguageIdentifier

from emospot.errors import FeatureError
from emospot.features import language
from emospot.features.language import UNKNOWN_LANGUAGE, language_of

DIALOGUES = {
    "en": ["Are you really angry with me?", "No, I'm just tired.", "I don't know what to do."],
    "fr": ["Tu es vraiment en colère contre moi ?", "Non, je suis juste fatigué."],
    "de": ["Bist du wirklich böse auf mich?", "Nein, ich bin nur müde."],
    "es": ["¿De verdad estás enfadada conmigo?", "No, solo estoy cansado, no sé qué hacer."],
    "it": ["Sei davvero arrabbiato con me?", "No, sono solo stanco e non so cosa fare."],
    "pt": ["Você está mesmo com raiva de mim?", "Não, só estou cansado."],
    "nl": ["Ben je echt boos op mij?", "Nee, ik ben gewoon moe en weet niet wat ik moet doen."],
    "sv": ["Är du verkligen arg på mig?", "Nej, jag är bara trött."],
    "pl": ["Naprawdę jesteś na mnie zły?", "Nie, jestem po prostu zmęczony."],
    "ru": ["Ты правда злишься на меня?", "Нет, я просто устал."],
    "zh": ["你真的生我的气吗？", "没有，我只是累了，不知道该怎么办。"],
    "ja": ["本当に怒っているの？", "いや、ただ疲れているだけだよ。"],
}


@pytest.mark.parametrize("code", DIALOGUES)
def test_short_dialogues_of_many_languages(code):
    guess = language_of(DIALOGUES[code])
    assert guess.code == code
    assert 0.5 < guess.probability <= 1.0


def test_capitals_do_not_matter():
    assert language_of([text.upper() for text in DIALOGUES["en"]]).code == "en"
    assert language_of([text.upper() for text in DIALOGUES["de"]]).code == "de"


@pytest.mark.parametrize(
    "texts", [[], ["", " "], ["Ok."], ["Hm.", "Mhm."], ["1 2 3 4 5 6 7 8 9 10 11 12"]]
)
def test_too_little_text_is_unknown(texts):
    assert language_of(texts).code == UNKNOWN_LANGUAGE


def test_letters_at_random_are_no_language():
    assert language_of(["xkcd qwrt zzgh bvnm plkj", "hjkl wqzx"]).code == UNKNOWN_LANGUAGE


def test_a_full_temporary_folder_is_named(monkeypatch, tmp_path):
    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(LanguageIdentifier, "from_model_file", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    language._identifier.cache_clear()
    with pytest.raises(FeatureError, match=f"{tmp_path}: No space left.*set TMPDIR"):
        language_of(DIALOGUES["en"])
    language._identifier.cache_clear()


def test_no_english_dialogue_is_called_foreign(shared_data):
    pandas = pytest.importorskip("pandas")
    table = pandas.read_parquet(shared_data / "iemocap/iemocap.parquet")
    table = table.sort_values(["dialogue", "position"])
    dialogues = [list(rows) for _, rows in table.groupby("dialogue").text]
    assert len(dialogues) == 151
    assert {language_of(texts).code for texts in dialogues} == {"en"}
    # A few turns must never look foreign; they may be too short to tell.
    short = [texts[k : k + 3] for texts in dialogues for k in range(0, len(texts) - 3, 15)]
    codes = [language_of(texts).code for texts in short]
    assert set(codes) <= {"en", UNKNOWN_LANGUAGE}
    assert codes.count("en") > 0.8 * len(codes)
