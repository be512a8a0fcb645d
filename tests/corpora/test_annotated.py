"""Files, recordings, splits and what is odd; the tiers themselves in test_annotated_tiers."""

import pympi
import pytest

from emospot.corpora.annotated import AnnotatedOptions, read_annotated
from emospot.errors import CorpusError, EmospotError, TranscriptError, UsageError
from emospot.evaluation.marks import own_marks
from emospot.media.textgrid_writing import textgrid
from emospot.media.tiers import Interval


def grid(path, emotions=("sad", "glad"), **more):
    said = [Interval(0.0, 1.0, "Oh no"), Interval(2.0, 4.0, "All is well")]
    felt = [Interval(one.start, one.end, text) for one, text in zip(said, emotions, strict=True)]
    tiers = {"Anna": said, "Anna - emotion": felt, **more}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textgrid(tiers, 5.0), encoding="utf-8")
    return path


def labels(corpus):
    return {
        one.conversation.id: [u.label for u in one.conversation.utterances]
        for one in corpus.conversations
    }


def test_a_folder_of_files(tmp_path):
    grid(tmp_path / "b.emotions.TextGrid")
    grid(tmp_path / "a.TextGrid", ("glad", "unsure"))
    (tmp_path / "notes.txt").touch()
    corpus = read_annotated([tmp_path], AnnotatedOptions(split="Train"))
    assert labels(corpus) == {"a": ["glad", None], "b": ["sad", "glad"]}
    assert corpus.label_set.labels == ("glad", "sad")
    assert corpus.notices[0].startswith("the label set is what was found: glad, sad")
    (first, _) = corpus.conversations
    assert first.conversation.split == "train"
    assert [u.id for u in first.conversation.utterances] == ["a-1", "a-2"]
    assert [u.speaker for u in first.conversation.utterances] == ["Anna", "Anna"]
    assert first.marked == ((), ())


def test_the_recording_is_found_beside_the_file_or_in_the_folder_that_is_named(tmp_path):
    path = grid(tmp_path / "marks" / "talk.emotions.TextGrid")

    def media(**options):
        corpus = read_annotated([path], AnnotatedOptions(**options))
        return corpus.conversations[0].conversation.media, corpus.notices[-1]

    found, notice = media()
    assert found is None
    assert notice == (
        "talk.emotions.TextGrid: its recording was not found, so only its words can be read"
    )
    films = tmp_path / "films"
    films.mkdir()
    told = r"films has no recording of talk\.emotions\.TextGrid \(expected talk with any ending\):"
    with pytest.raises(CorpusError, match=told):
        media(media=films)
    (films / "talk.mp4").touch()
    assert media(media=films)[0] == films / "talk.mp4"
    assert media(media=films / "talk.mp4")[0] == films / "talk.mp4"
    (path.parent / "talk.wav").touch()
    (path.parent / "talk.srt").touch()
    assert media()[0] == path.parent / "talk.wav"
    with pytest.raises(CorpusError, match="gone is not there"):
        media(media=tmp_path / "gone")


@pytest.mark.parametrize("absolute", [True, False])
def test_the_recording_that_elan_links(tmp_path, absolute):
    media = tmp_path / "my films" / "one.wav"
    media.parent.mkdir()
    media.touch()
    eaf = pympi.Eaf(author="x")
    eaf.add_tier("Anna - emotion")
    eaf.add_annotation("Anna - emotion", 0, 1000, "sad")
    address = media.as_uri() if absolute else "nowhere.wav"
    eaf.add_linked_file(
        address, "./gone.wav" if absolute else "../my films/one.wav", "audio/x-wav"
    )
    path = tmp_path / "marks" / "talk.eaf"
    path.parent.mkdir()
    eaf.to_file(str(path))
    (one,) = read_annotated([path]).conversations
    assert one.conversation.media == media
    (utterance,) = one.conversation.utterances
    assert (utterance.speaker, utterance.text, utterance.label) == ("Anna", None, "sad")
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "one.wav").touch()
    (one,) = read_annotated([path], AnnotatedOptions(media=moved)).conversations
    assert one.conversation.media == moved / "one.wav"


def test_a_list_gives_splits_recordings_and_names(tmp_path):
    first, second = grid(tmp_path / "a" / "talk.TextGrid"), grid(tmp_path / "b" / "talk.TextGrid")
    with pytest.raises(CorpusError, match='are both the dialogue "talk": rename one'):
        read_annotated([first, second])
    (tmp_path / "talk.wav").touch()
    listed = tmp_path / "files.csv"
    listed.write_text(
        "file,split,dialogue,media\na/talk.TextGrid,test,first,talk.wav\nb/talk.TextGrid,,second,\n"
    )
    corpus = read_annotated([first, second], AnnotatedOptions(listed=listed, split="dev"))
    one, other = (one.conversation for one in corpus.conversations)
    assert (one.id, one.split, one.media) == ("first", "test", tmp_path / "talk.wav")
    assert (other.id, other.split, other.media) == ("second", "dev", None)
    with pytest.raises(UsageError, match="--media is one recording, of several files"):
        read_annotated([first, second], AnnotatedOptions(media=tmp_path / "talk.wav"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file\nother.TextGrid\n", 'row 1: "other.TextGrid" is none of the files'),
        ("file,split\ntalk.TextGrid,nine\n", 'row 1: split "nine" is unknown'),
        ("file,media\ntalk.TextGrid,no.wav\n", "row 1: no recording at"),
        ("file,split\n,train\n", "row 1: file is empty"),
        ("files\ntalk.TextGrid\n", 'has no column "file"'),
    ],
)
def test_a_list_that_does_not_fit(tmp_path, text, message):
    path, listed = grid(tmp_path / "talk.TextGrid"), tmp_path / "files.csv"
    listed.write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_annotated([path], AnnotatedOptions(listed=listed))


def test_what_is_odd_is_told(tmp_path):
    path = grid(
        tmp_path / "talk.TextGrid",
        **{
            "Ben": [Interval(1.0, 2.0, "Hm")],
            "Ben - confidence": [],
            "Anna - emotion 2": [Interval(2.0, 2.9, "sad")],
            "voice hotspots": [Interval(4.2, 4.6, "x"), Interval(2.0, 3.0, "y 0.5")],
        },
    )
    corpus = read_annotated([path])
    assert labels(corpus) == {"talk": ["sad", None, "glad"]}
    told = "\n".join(corpus.notices)
    assert 'one utterance has two emotions, "glad" and "sad"' in told
    assert 'the 1 utterances of "Ben" have no emotions' in told
    assert "1 marked moments lie in no utterance" in told
    assert [len(own) for own in corpus.conversations[0].marked] == [0, 0, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tiers": {"Anna": "mood"}}, 'tier "Anna" cannot be "mood": expected one of utterances'),
        ({"split": "nine"}, 'split "nine": expected train'),
        ({"tiers": {"gone": "emotion"}}, 'no file has a tier "gone"; there are "Anna"'),
    ],
)
def test_options_that_cannot_be(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        read_annotated([grid(tmp_path / "talk.TextGrid")], AnnotatedOptions(**options))


def test_files_that_cannot_be(tmp_path):
    with pytest.raises(UsageError, match="no annotation file"):
        read_annotated([])
    with pytest.raises(CorpusError, match="holds no ELAN file"):
        read_annotated([tmp_path])
    with pytest.raises(TranscriptError, match="no such file"):
        read_annotated([tmp_path / "gone.eaf"])
    path = tmp_path / "talk.TextGrid"
    path.write_text(textgrid({"Anna - emotion": []}, 5.0))
    with pytest.raises(EmospotError, match=r"talk\.TextGrid: nobody says or feels anything"):
        read_annotated([path], AnnotatedOptions(labels=("a", "b")))
    slip = grid(tmp_path / "slip.TextGrid", ("sad", "gald"))
    with pytest.raises(
        CorpusError, match=r'slip.TextGrid, tier "Anna - emotion", 2.00 s: .*"gald"'
    ):
        read_annotated([slip], AnnotatedOptions(labels=("sad", "glad")))


def test_marks_are_those_of_the_corpus_itself(tmp_path):
    path = grid(
        tmp_path / "talk.TextGrid",
        **{"words hotspots": [Interval(2.0, 2.5, "All: lexicon 0.5")]},
    )
    corpus = read_annotated([path])
    conversation = corpus.conversations[0].conversation
    first, second = own_marks(corpus, "words").detect(conversation, ())
    assert first == []
    (spot,) = second
    assert (spot.modality, spot.score, spot.char_start, spot.char_end) == ("words", 0.5, 0, 3)
    assert conversation.utterances[1].text == "All is well"
    with pytest.raises(CorpusError, match="brings no marks of voice"):
        own_marks(corpus, "voice")
