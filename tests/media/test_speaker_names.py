import pytest

from emospot.media.speaker_names import SpeakerNames


def split_all(lines):
    names = SpeakerNames([[line] for line in lines])
    return [names.split(line) for line in lines]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ANNA: Hello", ("ANNA", "Hello")),
        ("- ANNA: Hello", ("ANNA", "Hello")),
        (">> ANNA: Hello", ("ANNA", "Hello")),
        ("[ANNA]: Hello", ("ANNA", "Hello")),
        ("SPEAKER_00: Hello", ("SPEAKER_00", "Hello")),
        ("DR. O'NEIL-SMITH: Hello", ("DR. O'NEIL-SMITH", "Hello")),
        ("ZOË: Hello", ("ZOË", "Hello")),
        ("ANNA:", ("ANNA", "")),
        ("Look: this", (None, "Look: this")),
        ("Note to self: buy milk", (None, "Note to self: buy milk")),
        ("It is 10:30 now", (None, "It is 10:30 now")),
        ("HTTP://example.org is a page", (None, "HTTP://example.org is a page")),
        ("what: this", (None, "what: this")),
        ("I tell you: no", (None, "I tell you: no")),
        (
            "THE WHOLE SENTENCE WAS WRITTEN HERE: yes",
            (None,) * 1 + ("THE WHOLE SENTENCE WAS WRITTEN HERE: yes",),
        ),
    ],
)
def test_a_line_among_ordinary_lines(line, expected):
    assert split_all([line, "and so on", "that is all"])[0] == expected


def test_names_in_small_letters_must_recur():
    lines = ["Anna: Hello", "Ben: Hi", "Anna: Look: this", "Ben: So", "Well: no", "and so on"]
    assert [name for name, _ in split_all(lines)] == ["Anna", "Ben", "Anna", "Ben", None, None]
    assert split_all(lines)[2] == ("Anna", "Look: this")


def test_recurring_words_of_a_file_without_names_stay_text():
    lines = ["Look: this", *["nothing to see here"] * 20, "Look: that", "Listen: no"]
    assert {name for name, _ in split_all(lines)} == {None}


def test_a_file_whose_every_line_has_a_name():
    assert [name for name, _ in split_all(["Anna: a", "Ben: b", "Anna: c"])][1] == "Ben"
    assert [name for name, _ in split_all(["Anna: Hello", "Ben: Hi"])] == ["Anna", "Ben"]
    assert split_all(["Look: this"]) == [(None, "Look: this")]


def test_a_file_in_capitals_needs_regularity():
    lines = ["LOOK: THIS", "I DO NOT SEE IT", "WELL THEN", "THAT IS ALL", "GO"]
    assert {name for name, _ in split_all(lines)} == {None}
    lines = ["ANNA: LOOK", "BEN: WHERE", "ANNA: THERE: IT IS", "BEN: NO"]
    assert [name for name, _ in split_all(lines)] == ["ANNA", "BEN", "ANNA", "BEN"]


def test_scripts_without_capitals_and_particles():
    lines = ["安娜：你好", "本：你好吗", "安娜：很好", "本：好"]
    assert [name for name, _ in split_all(lines)] == ["安娜", "本", "安娜", "本"]
    lines = ["Anna van der Berg: a", "Ludwig von M.: b", "Anna van der Berg: c"]
    assert split_all(lines)[0] == ("Anna van der Berg", "a")


def test_nothing_at_all():
    assert SpeakerNames([]).split("Anna: Hi") == (None, "Anna: Hi")
