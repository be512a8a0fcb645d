from emospot.speakers.turns import joined, named_in_order


def test_names_follow_the_first_turns():
    assert named_in_order([]) == []
    assert named_in_order([7, 2, 7, 5]) == ["speaker 1", "speaker 2", "speaker 1", "speaker 3"]


def test_only_short_pauses_of_one_speaker_are_joined():
    turns = [(0.0, 1.0, "a"), (1.3, 2.0, "a"), (2.5, 3.0, "a"), (3.0, 4.0, "b")]
    assert joined(turns, 0.4) == [(0.0, 2.0, "a"), (2.5, 3.0, "a"), (3.0, 4.0, "b")]
    assert joined([], 0.4) == []


def test_a_turn_within_another_does_not_shorten_it():
    assert joined([(0.0, 5.0, "a"), (1.0, 2.0, "a")], 0.4) == [(0.0, 5.0, "a")]
