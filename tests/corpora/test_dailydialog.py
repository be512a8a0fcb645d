import pytest

from emospot.conversation import Utterance
from emospot.corpora.dailydialog import read_dailydialog
from emospot.emotions import DAILYDIALOG7
from emospot.errors import CorpusError

TEXTS = "Say , Jim ? __eou__ I know . __eou__ Do you think so ? __eou__\nHi ! __eou__\n"
EMOTIONS = "0 6 4 \n1 \n"


@pytest.fixture
def release(tmp_path):
    """The unpacked release; `changes` replaces the content of train's files."""

    def write(texts=TEXTS, emotions=EMOTIONS, nested=False):
        for name in ("train", "validation", "test"):
            folder = tmp_path / name / name if nested else tmp_path / name
            folder.mkdir(parents=True)
            own = name == "train"
            (folder / f"dialogues_{name}.txt").write_bytes(
                texts if own and isinstance(texts, bytes) else (texts if own else TEXTS).encode()
            )
            (folder / f"dialogues_emotion_{name}.txt").write_text(emotions if own else EMOTIONS)
            (folder / f"dialogues_act_{name}.txt").write_text("3 2 1 \n1 \n")
        return tmp_path

    return write


@pytest.mark.parametrize("nested", [False, True])
def test_the_release(release, nested):
    corpus = read_dailydialog(release(nested=nested))
    assert corpus.label_set is DAILYDIALOG7
    assert [(c.conversation.id, c.conversation.split) for c in corpus.conversations] == [
        ("train_1", "train"), ("train_2", "train"), ("validation_1", "dev"),
        ("validation_2", "dev"), ("test_1", "test"), ("test_2", "test"),
    ]  # fmt: skip
    assert corpus.conversations[0].conversation.utterances == (
        Utterance("1", "train_1 A", text="Say , Jim ?", label="neutral"),
        Utterance("2", "train_1 B", text="I know .", label="surprise"),
        Utterance("3", "train_1 A", text="Do you think so ?", label="happiness"),
    )
    assert corpus.conversations[1].conversation.utterances[0].label == "anger"


def test_a_last_turn_without_its_mark_counts(release):
    corpus = read_dailydialog(release("Hi . __eou__ Oh !\n", "0 0\n"))
    assert [u.text for u in corpus.conversations[0].conversation.utterances] == ["Hi .", "Oh !"]


@pytest.mark.parametrize(
    ("texts", "emotions", "message"),
    [
        ("Hi . __eou__\n", EMOTIONS, r"dialogues_train\.txt has 1 lines, .* has 2"),
        (TEXTS, "0 6 \n1 \n", r"dialogues_train\.txt, line 1: 3 turns, but 2 emotions"),
        (TEXTS, "0 6 4 \n7 \n", r'emotion_train\.txt, line 2: emotion "7" is none of 0 to 6'),
        (TEXTS, "0 6 4 \nx \n", 'line 2: emotion "x"'),
        ("\n", "\n", "line 1: 0 turns"),
        (b"\xff __eou__\n", "0\n", "byte 0: is not UTF-8"),
    ],
)
def test_damaged_files(release, texts, emotions, message):
    with pytest.raises(CorpusError, match=message) as caught:
        read_dailydialog(release(texts, emotions))
    assert "\n" not in str(caught.value)


def test_missing_files(release, tmp_path):
    with pytest.raises(CorpusError, match="no such folder"):
        read_dailydialog(tmp_path / "none")
    release()
    text = tmp_path / "test" / "dialogues_test.txt"
    text.unlink()
    with pytest.raises(CorpusError, match=r"has no dialogues_test\.txt .*name the folder"):
        read_dailydialog(tmp_path)
    (tmp_path / "test.zip").touch()
    with pytest.raises(CorpusError, match=r"missing: test\); unpack test\.zip there"):
        read_dailydialog(tmp_path)
    text.mkdir()
    with pytest.raises(CorpusError, match="cannot be read"):
        read_dailydialog(tmp_path)
